import Datasets
import ImageTypes
import Kernels
import TestSupport
import Testing

@Suite struct AugmentationTests {
  private struct Pillow: Decodable {
    struct Window: Decodable {
      let picture, output: [Int]
      let scale, share: [Double]
      let mirrored: Bool
      let values: [UInt8]
    }
    struct Colour: Decodable {
      let kind: String
      let factor: Double
      let values: [UInt8]
    }
    let resized: [Window]
    let colours: [Colour]
  }

  /// The largest difference from the golden's samples.
  private func difference(_ image: Image, _ name: String, _ values: [UInt8]) -> Int {
    let seed = SplitMix64.seed(of: name)
    return values.indices.map { i in
      let place = Int(SplitMix64.number(at: i, seed: seed) % UInt64(image.pixels.count))
      return abs(Int(image.pixels[place]) - Int(values[i]))
    }.max()!
  }

  @Test func windowsAreResizedAsByPillow() throws {
    let golden: Pillow = try Golden.load("augmentation_pillow.json")
    for (number, window) in golden.resized.enumerated() {
      let image = Synthetic.image(width: window.picture[0], height: window.picture[1])
      var plan = AugmentationPlan()
      (plan.scaleX, plan.scaleY) = (window.scale[0], window.scale[1])
      (plan.shareX, plan.shareY) = (window.share[0], window.share[1])
      plan.isMirrored = window.mirrored
      let result = Augmentation(width: window.output[0], height: window.output[1]).apply(
        plan, to: LabelledImage(image: image, mask: nil, boxes: []))
      // Pillow rounds between its two passes.
      let largest = difference(result.image, "window\(number)", window.values)
      #expect(largest <= 1, "window \(number): \(largest)")
    }
  }

  @Test func coloursAreThoseOfPillow() throws {
    let golden: Pillow = try Golden.load("augmentation_pillow.json")
    let image = Synthetic.image(width: 64, height: 48)
    for colour in golden.colours {
      var plan = AugmentationPlan()
      switch colour.kind {
      case "brightness": plan.colour.brightness = colour.factor
      case "contrast": plan.colour.contrast = colour.factor
      default: plan.colour.saturation = colour.factor
      }
      let result = Augmentation(width: 64, height: 48).apply(
        plan, to: LabelledImage(image: image, mask: nil, boxes: []))
      // Pillow rounds the mean and the luma, and truncates the result.
      let name = colour.kind + (colour.factor == 0 ? "0" : "\(colour.factor)")
      let largest = difference(result.image, name, colour.values)
      #expect(largest <= 1, "\(name): \(largest)")
    }
  }

  @Test func hueTurnsColoursAndKeepsLuma() {
    var image = Image(width: 4, height: 1)
    image.pixels = [150, 100, 90, 120, 120, 120, 60, 90, 130, 110, 90, 140]
    func luma(_ image: Image, _ x: Int) -> Double {
      let p = image.pixels[3 * x..<3 * x + 3].map(Double.init)
      return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]
    }
    for turn in [0.1, 0.25, -0.3] {
      var plan = AugmentationPlan()
      plan.colour.hue = turn
      let turned = Augmentation(width: 4, height: 1).apply(plan, to: LabelledImage(image: image, mask: nil, boxes: []))
      #expect(turned.image.pixels[0..<3] != image.pixels[0..<3])
      #expect(turned.image.pixels[3..<6] == image.pixels[3..<6])
      for x in 0..<4 { #expect(abs(luma(turned.image, x) - luma(image, x)) < 1) }
      plan.colour.hue = -turn
      let back = Augmentation(width: 4, height: 1).apply(plan, to: turned)
      for i in image.pixels.indices { #expect(abs(Int(back.image.pixels[i]) - Int(image.pixels[i])) <= 2) }
    }
  }

  @Test func mirroringTwiceIsTheIdentity() {
    let image = Synthetic.image(width: 37, height: 21)
    let mask = Mask(width: 37, height: 21, ids: (0..<37 * 21).map { UInt8($0 % 5) })
    let truth = TruthBox(box: Box(x1: 3, y1: 4, x2: 12, y2: 20), classIndex: 2)
    let picture = LabelledImage(image: image, mask: mask, boxes: [truth])
    var plan = AugmentationPlan()
    plan.isMirrored = true
    let augmentation = Augmentation(width: 37, height: 21)
    let once = augmentation.apply(plan, to: picture)
    #expect(once != picture)
    #expect(once.boxes[0].box == Box(x1: 25, y1: 4, x2: 34, y2: 20))
    #expect(once.image.pixels[0..<3] == image.pixels[36 * 3..<37 * 3])
    #expect(once.mask!.ids[0] == mask.ids[36])
    #expect(augmentation.apply(plan, to: once) == picture)
    #expect(augmentation.apply(AugmentationPlan(), to: picture) == picture)
  }

  /// A light rectangle and a light ellipse on dark background, each with its mask and box.
  private func figure(_ width: Int = 320, _ height: Int = 240, rectangle: Bool) -> LabelledImage {
    var image = Image(width: width, height: height, red: 20, green: 20, blue: 20)
    var ids = [UInt8](repeating: 0, count: width * height)
    let box = Box(x1: 90, y1: 60, x2: 210, y2: 170)
    for y in 60..<170 {
      for x in 90..<210 {
        let (dx, dy) = ((Double(x) + 0.5 - 150) / 60, (Double(y) + 0.5 - 115) / 55)
        guard rectangle || dx * dx + dy * dy <= 1 else { continue }
        ids[y * width + x] = 3
        for c in 0..<3 { image.pixels[(y * width + x) * 3 + c] = 220 }
      }
    }
    return LabelledImage(
      image: image, mask: Mask(width: width, height: height, ids: ids), boxes: [TruthBox(box: box, classIndex: 3)])
  }

  private func geometryOnly(_ width: Int, _ height: Int) -> Augmentation {
    var augmentation = Augmentation.none(width: width, height: height)
    (augmentation.flip, augmentation.scale, augmentation.aspect) = (0.5, 0.4...2.5, 0.6...1.6)
    return augmentation
  }

  @Test func pictureAndMaskStayAligned() {
    let picture = figure(rectangle: false)
    let augmentation = geometryOnly(173, 141)
    var (whole, shiftX, shiftY) = (0.0, 0.0, 0.0)
    for variant in 1...60 {
      let result = augmentation.apply(
        augmentation.plan(seed: 5, picture: 0, variant: variant, donors: 0), to: picture)
      let mask = result.mask!
      var (area, x, y, light, lightX, lightY) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
      var isWhole = true
      for (i, id) in mask.ids.enumerated() {
        let value = result.image.pixels[i * 3]
        let (column, row) = (i % 173, i / 173)
        let isEdge = column == 0 || column == 172 || row == 0 || row == 140
        if id == 255 {
          #expect(value == 128)
          continue
        }
        if id == 3 {
          if isEdge { isWhole = false }
          (area, x, y) = (area + 1, x + Double(column), y + Double(row))
        }
        let share = (Double(value) - 20) / 200
        (light, lightX, lightY) = (light + share, lightX + share * Double(column), lightY + share * Double(row))
        // A pixel surrounded by its own class has that class's colour.
        if !isEdge, [-174, -173, -172, -1, 1, 172, 173, 174].allSatisfy({ mask.ids[i + $0] == id }) {
          #expect(id == 3 ? value > 128 : value < 112, "variant \(variant), (\(column), \(row))")
        }
      }
      guard isWhole, area > 0 else { continue }
      // Both have the same centre, up to the pixels on the border.
      let (dx, dy) = (x / area - lightX / light, y / area - lightY / light)
      #expect(max(abs(dx), abs(dy)) < 0.3, "variant \(variant)")
      (whole, shiftX, shiftY) = (whole + 1, shiftX + dx, shiftY + dy)
    }
    #expect(whole > 20 && abs(shiftX) < 0.03 * whole && abs(shiftY) < 0.03 * whole, "\(whole) \(shiftX) \(shiftY)")
  }

  @Test func boxesAreTheBoundsOfTheMask() {
    let picture = figure(rectangle: true)
    var augmentation = geometryOnly(200, 160)
    augmentation.minimumVisible = 0.3
    var (kept, dropped) = (0, 0)
    for variant in 1...200 {
      let plan = augmentation.plan(seed: 9, picture: 1, variant: variant, donors: 0)
      let result = augmentation.apply(plan, to: picture)
      let places = result.mask!.ids.indices.filter { result.mask!.ids[$0] == 3 }
      let whole = 120 * 200.0 / 320 * plan.scaleX * 110 * 160.0 / 240 * plan.scaleY
      let share = Double(places.count) / whole
      if let box = result.boxes.first?.box {
        kept += 1
        #expect(share > 0.27)
        let (xs, ys) = (places.map { Float($0 % 200) }, places.map { Float($0 / 200) })
        for (edge, bound) in [
          (box.x1, xs.min()!), (box.x2, xs.max()! + 1), (box.y1, ys.min()!), (box.y2, ys.max()! + 1),
        ] { #expect(abs(edge - bound) <= 0.51, "variant \(variant)") }
        #expect(abs(result.boxes[0].area - box.area) < 1)
      } else {
        dropped += 1
        #expect(share < 0.33)
      }
    }
    #expect(kept > 100 && dropped > 5, "\(kept) kept, \(dropped) dropped")
  }

  @Test func numbersDependOnNothingButTheirThree() {
    var augmentation = Augmentation(width: 96, height: 80)
    augmentation.copyPaste = 0.5
    let picture = figure(rectangle: false)
    let variants = (0..<12).map { variant -> LabelledImage in
      let plan = augmentation.plan(seed: 1, picture: 4, variant: variant, donors: 1)
      return augmentation.apply(plan, to: picture, donors: [picture, picture])
    }
    for variant in (0..<12).reversed() {
      let plan = augmentation.plan(seed: 1, picture: 4, variant: variant, donors: 1)
      for kernels in KernelSet.available {
        let again = augmentation.apply(plan, to: picture, donors: [picture, picture], kernels: kernels)
        #expect(again == variants[variant], "\(kernels.isa)")
      }
    }
    #expect(Set(variants).count == 12)
    let plan = augmentation.plan(seed: 1, picture: 4, variant: 3, donors: 1)
    #expect(plan != augmentation.plan(seed: 2, picture: 4, variant: 3, donors: 1))
    #expect(plan != augmentation.plan(seed: 1, picture: 5, variant: 3, donors: 1))
    #expect(augmentation.plan(seed: 1, picture: 4, variant: 0, donors: 1) == AugmentationPlan())
  }

  @Test func drawsFillTheirRanges() {
    var augmentation = Augmentation(width: 10, height: 10)
    (augmentation.copyPaste, augmentation.blur, augmentation.grayscale) = (0.25, 0.1, 0.05)
    let plans = (0..<20_000).map {
      augmentation.plan(seed: 77, picture: $0 / 8, variant: $0 % 8 + 1, donors: 7)
    }
    func expect(_ name: String, _ values: [Double], mean: Double, in range: ClosedRange<Double>) {
      let width = range.upperBound - range.lowerBound
      let found = values.reduce(0, +) / Double(values.count)
      // Four standard deviations of the mean of 20,000 uniform numbers.
      #expect(abs(found - mean) < 4 * width * 0.29 / 141 + 1e-9, "\(name): \(found), expected \(mean)")
      #expect(values.min()! >= range.lowerBound - 1e-9 && values.max()! <= range.upperBound + 1e-9, "\(name)")
      #expect(
        values.min()! < range.lowerBound + width / 100 && values.max()! > range.upperBound - width / 100, "\(name)")
    }
    func share(_ condition: (AugmentationPlan) -> Bool) -> Double { Double(plans.count(where: condition)) / 20_000 }
    // Half the logarithm of the area is the logarithm of the scale.
    let scales = plans.map { ($0.scaleX * $0.scaleY).squareRoot() }
    #expect(abs(Double(scales.count { $0 < 1 }) / 20_000 - 0.5) < 0.015)
    #expect(scales.min()! > 0.5 - 1e-9 && scales.max()! < 2 + 1e-9 && scales.min()! < 0.505 && scales.max()! > 1.98)
    let aspects = plans.map { $0.scaleX / $0.scaleY }
    #expect(aspects.min()! > 0.75 - 1e-9 && aspects.max()! < 1.3334 && aspects.min()! < 0.76 && aspects.max()! > 1.32)
    expect("share", plans.map(\.shareX), mean: 0.5, in: 0...1)
    expect("brightness", plans.map(\.colour.brightness), mean: 1, in: 0.7...1.3)
    expect("contrast", plans.map(\.colour.contrast), mean: 1, in: 0.7...1.3)
    expect("hue", plans.map(\.colour.hue), mean: 0, in: -0.04...0.04)
    expect("saturation", plans.map(\.colour.saturation).filter { $0 != 0 }, mean: 1, in: 0.6...1.4)
    for (found, expected) in [
      (share(\.isMirrored), 0.5), (share { $0.colour.saturation == 0 }, 0.05), (share { $0.blur > 0 }, 0.1),
      (share { !$0.pastes.isEmpty }, 0.25), (share { $0.pastes.first?.donor == 3 }, 0.25 / 7),
      (share { $0.pastes.count == 2 }, 0.125),
    ] {
      #expect(abs(found - expected) < 4 * (expected * (1 - expected) / 20_000).squareRoot(), "\(found), \(expected)")
    }
  }

  @Test func thingsArePasted() {
    let donor = figure(rectangle: false)
    let ground = LabelledImage(
      image: Image(width: 100, height: 90, red: 0, green: 0, blue: 90),
      mask: Mask(width: 100, height: 90, ids: [UInt8](repeating: 1, count: 9000)),
      boxes: [TruthBox(box: Box(x1: 0, y1: 0, x2: 100, y2: 90), classIndex: 1)])
    var plan = AugmentationPlan()
    var paste = AugmentationPlan.Paste(donor: 0, lot: 0)
    // 44 pixels high, at the right and the upper border.
    (paste.height, paste.shareX, paste.shareY) = (44.0 / 120, 124.0 / 136, 11.0 / 98)
    plan.pastes = [paste]
    let augmentation = Augmentation(width: 160, height: 120)
    let result = augmentation.apply(plan, to: ground, donors: [donor])
    let thing = result.mask!.ids.indices.filter { result.mask!.ids[$0] == 3 }
    // An ellipse of 120 x 110 at half size and 0.8.
    let area = Double.pi / 4 * 48 * 44
    #expect(abs(Double(thing.count) - area) < 0.03 * area, "\(thing.count)")
    #expect(result.boxes.count == 2)
    let box = result.boxes[1]
    #expect(box.classIndex == 3)
    #expect(box.area == Float(thing.count))
    #expect(box.box == Box(x1: 112, y1: 0, x2: 160, y2: 44))
    // Inside, the pixels are those of the donor image; outside they are unchanged; on the border the colours are mixed.
    let plain = augmentation.apply(AugmentationPlan(), to: ground)
    #expect(result.image.pixels[(22 * 160 + 136) * 3] == 220)
    #expect(result.image.pixels[(60 * 160 + 20) * 3 + 2] == 90)
    let changed = result.image.pixels.indices.filter { result.image.pixels[$0] != plain.image.pixels[$0] }
    #expect(changed.allSatisfy { $0 / 3 % 160 >= 111 && $0 / 480 <= 45 })
    #expect(result.image.pixels.contains { 60...160 ~= $0 })
    // An object that is mostly covered is removed.
    var covered = ground
    covered.boxes = [
      TruthBox(box: Box(x1: 81, y1: 10, x2: 89, y2: 25), classIndex: 1),
      TruthBox(box: Box(x1: 0, y1: 30, x2: 75, y2: 90), classIndex: 1),
      TruthBox(box: Box(x1: 70, y1: 70, x2: 99, y2: 90), classIndex: 1),
    ]
    #expect(augmentation.apply(plan, to: covered, donors: [donor]).boxes.map(\.classIndex) == [1, 1, 3])
    // Without a donor nothing is pasted.
    var other = augmentation
    other.copyPasteClasses = [2]
    #expect(other.apply(plan, to: ground, donors: [donor]) == plain)
  }

  @Test func componentsAreApart() {
    var ids = [UInt8](repeating: 0, count: 64 * 48)
    // A ring around a block of the same class, a diagonal neighbour of it, and a region of another class.
    for y in 4..<40 { for x in 4..<40 where !(10..<34 ~= x && 10..<34 ~= y) { ids[y * 64 + x] = 2 } }
    for y in 16..<28 { for x in 16..<28 { ids[y * 64 + x] = 2 } }
    for y in 40..<46 { for x in 40..<48 { ids[y * 64 + x] = 2 } }
    for y in 4..<20 { for x in 50..<60 { ids[y * 64 + x] = 7 } }
    let mask = Mask(width: 64, height: 48, ids: ids)
    let all = CutOut.find(in: mask, classes: [])
    #expect(all.cutOuts.map(\.pixels) == [36 * 36 - 24 * 24, 160, 144, 48])
    #expect(all.cutOuts.map(\.classIndex) == [2, 7, 2, 2])
    #expect(all.cutOuts[0].columns == 4..<40 && all.cutOuts[0].rows == 4..<40)
    #expect(!all.contains(all.cutOuts[0], x: 20, y: 20) && all.contains(all.cutOuts[2], x: 20, y: 20))
    #expect(CutOut.find(in: mask, classes: [7]).cutOuts.count == 1)
  }
}

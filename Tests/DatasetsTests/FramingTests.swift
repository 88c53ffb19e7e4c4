import Datasets
import ImageTypes
import Kernels
import TestSupport
import Testing

/// Crops by overlap, zooming out and mosaics.
@Suite struct FramingTests {
  /// An augmentation of the frame alone, without colours, so that pixels can be compared.
  private func plain(_ width: Int, _ height: Int) -> Augmentation {
    var augmentation = Augmentation.none(width: width, height: height)
    augmentation.fill = Colour(red: 1, green: 2, blue: 3)
    return augmentation
  }

  /// An image whose pixels encode their position: red grows along the columns, green along the rows.
  private func ramp(_ boxes: [Box], width: Int = 240, height: Int = 200) -> LabelledImage {
    var image = Image(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let at = (y * width + x) * 3
        (image.pixels[at], image.pixels[at + 1], image.pixels[at + 2]) = (UInt8(x), UInt8(y), 250)
      }
    }
    return LabelledImage(
      image: image, mask: nil, boxes: boxes.enumerated().map { TruthBox(box: $1, classIndex: $0 + 1) })
  }

  private let boxes = [
    Box(x1: 10, y1: 20, x2: 60, y2: 90), Box(x1: 120, y1: 50, x2: 200, y2: 190), Box(x1: 70, y1: 5, x2: 90, y2: 25),
    Box(x1: 25, y1: 15, x2: 220, y2: 190),
  ]

  /// The visible part of a ramp, computed from its pixels.
  private func patch(_ image: Image) -> Box {
    // Two positions away from the border, where the resampling reads the ramp alone.
    func position(_ x: Int, _ y: Int, _ channel: Int) -> Double {
      Double(image.pixels[(y * image.width + x) * 3 + channel]) + 0.5
    }
    let (w, h) = (image.width, image.height)
    let (left, right) = (position(w / 8, h / 2, 0), position(w - w / 8, h / 2, 0))
    let (top, bottom) = (position(w / 2, h / 8, 1), position(w / 2, h - h / 8, 1))
    let stepX = (right - left) / Double(w - w / 8 - w / 8)
    let stepY = (bottom - top) / Double(h - h / 8 - h / 8)
    let x1 = left - stepX * (Double(w / 8) + 0.5)
    let y1 = top - stepY * (Double(h / 8) + 0.5)
    return Box(x1: Float(x1), y1: Float(y1), x2: Float(x1 + stepX * Double(w)), y2: Float(y1 + stepY * Double(h)))
  }

  @Test(arguments: [0.1, 0.3, 0.5, 0.7, 0.9]) func patchesOverlapSomeBox(least: Double) {
    let picture = ramp(boxes)
    var augmentation = plain(300, 300)
    augmentation.patches = [.overlap(least)]
    augmentation.flip = 0
    var (whole, kept) = (0, 0)
    for variant in 1...60 {
      let plan = augmentation.plan(seed: 3, picture: 0, variant: variant, donors: 0)
      let result = augmentation.apply(plan, to: picture)
      let patch = patch(result.image)
      if patch.area > 0.97 * 240 * 200 {
        whole += 1
        #expect(result.boxes.count == boxes.count)
        continue
      }
      let (width, height) = (Double(patch.x2 - patch.x1), Double(patch.y2 - patch.y1))
      #expect(width > 0.29 * 240 && height > 0.29 * 200, "variant \(variant)")
      #expect(width / height > 0.47 && width / height < 2.1, "variant \(variant)")
      let overlaps = boxes.map { Double(iou($0, patch)) }
      #expect(overlaps.max()! > least - 0.02, "variant \(variant): \(overlaps)")
      // A box is kept if its centre is inside, and clipped; the tolerance is the uncertainty of the patch, one pixel.
      for (index, box) in boxes.enumerated() {
        let (x, y) = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2)
        let inside = min(x - patch.x1, patch.x2 - x, y - patch.y1, patch.y2 - y)
        let found = result.boxes.first { $0.classIndex == index + 1 }
        if abs(inside) > 1 { #expect((found != nil) == (inside > 0), "variant \(variant), box \(index)") }
        guard let found else { continue }
        kept += 1
        let (scaleX, scaleY) = (300 / Float(width), 300 / Float(height))
        let expected = [
          max((box.x1 - patch.x1) * scaleX, 0), max((box.y1 - patch.y1) * scaleY, 0),
          min((box.x2 - patch.x1) * scaleX, 300), min((box.y2 - patch.y1) * scaleY, 300),
        ]
        let corners = [found.box.x1, found.box.y1, found.box.x2, found.box.y2]
        for (corner, expected) in zip(corners, expected) {
          #expect(corner >= 0 && corner <= 300 && abs(corner - expected) < 6, "variant \(variant), box \(index)")
        }
      }
      #expect(!result.boxes.isEmpty)
    }
    // Only the largest box can reach 0.9, and a search may end without a patch.
    #expect(kept > 30 && whole < 30, "\(kept) kept, \(whole) whole")
  }

  /// Intersection over union, computed independently.
  private func iou(_ a: Box, _ b: Box) -> Float {
    let width = max(min(a.x2, b.x2) - max(a.x1, b.x1), 0)
    let height = max(min(a.y2, b.y2) - max(a.y1, b.y1), 0)
    let common = width * height
    return common / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - common)
  }

  @Test func kindsOfPatchesAreAsProbable() {
    let picture = ramp(boxes)
    var augmentation = plain(60, 60)
    augmentation.patches = Augmentation.ssdPatches
    var whole = 0
    for variant in 1...700 {
      let plan = augmentation.plan(seed: 8, picture: 2, variant: variant, donors: 0)
      if augmentation.apply(plan, to: picture).image == augmentation.apply(AugmentationPlan(), to: picture).image {
        whole += 1
      }
    }
    // A seventh of the variants, and those of a kind that cannot be satisfied: more than the seventh less three
    // standard deviations.
    #expect((100 - 28...100 + 60).contains(whole), "\(whole)")
    // A crowd and an empty image have no overlap; both allow any patch.
    var crowd = ramp(boxes)
    for index in crowd.boxes.indices { crowd.boxes[index].crowd = true }
    augmentation.patches = [.overlap(0.9)]
    let plan = augmentation.plan(seed: 8, picture: 2, variant: 1, donors: 0)
    #expect(augmentation.apply(plan, to: crowd).image == augmentation.apply(plan, to: ramp([])).image)
    #expect(augmentation.apply(plan, to: crowd).image != augmentation.apply(AugmentationPlan(), to: crowd).image)
  }

  @Test func zoomedOutPicturesLieOnTheFill() {
    let picture = LabelledImage(
      image: Image(width: 80, height: 60, red: 200, green: 100, blue: 50),
      mask: Mask(width: 80, height: 60, ids: [UInt8](repeating: 4, count: 4800)),
      boxes: [TruthBox(box: Box(x1: 0, y1: 0, x2: 80, y2: 60), classIndex: 1)])
    var augmentation = plain(300, 200)
    augmentation.zoomOut = 0.5
    var zoomed: [Double] = []
    for variant in 1...400 {
      let plan = augmentation.plan(seed: 4, picture: 0, variant: variant, donors: 0)
      let result = augmentation.apply(plan, to: picture)
      // The box is the whole image, so it gives the image's position.
      let box = result.boxes[0].box
      #expect(result.boxes.count == 1 && box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 300.001 && box.y2 <= 200.001)
      var wrong = 0
      for y in stride(from: 0, to: 200, by: 7) {
        for x in stride(from: 0, to: 300, by: 7) {
          let (at, column, row) = (y * 300 + x, Float(x) + 0.5, Float(y) + 0.5)
          if min(abs(column - box.x1), abs(column - box.x2), abs(row - box.y1), abs(row - box.y2)) < 0.01 { continue }
          let isInside = box.x1 < column && column < box.x2 && box.y1 < row && row < box.y2
          let isRight = result.image.pixels[at * 3..<at * 3 + 3] == (isInside ? [200, 100, 50] : [1, 2, 3])
          if !isRight || result.mask!.ids[at] != (isInside ? 4 : 255) { wrong += 1 }
        }
      }
      #expect(wrong == 0, "variant \(variant)")
      let (sideX, sideY) = (300 / (box.x2 - box.x1), 200 / (box.y2 - box.y1))
      #expect(abs(sideX - sideY) < 0.01 && sideX > 0.999 && sideX < 4.001)
      if sideX > 1.0001 { zoomed.append(Double(sideX)) }
    }
    // Half of 400, with scales uniform from 1 to 4: within four standard deviations.
    #expect((160...240).contains(zoomed.count), "\(zoomed.count)")
    let mean = zoomed.reduce(0, +) / Double(zoomed.count)
    #expect(abs(mean - 2.5) < 4 * 0.87 / 14, "\(mean)")
    #expect(zoomed.min()! < 1.1 && zoomed.max()! > 3.9)
  }

  /// An image of one colour with a box in each corner and one in the middle.
  private func coloured(_ red: UInt8, _ classIndex: Int, mask: Bool = true) -> LabelledImage {
    let corners = [(0, 0), (150, 0), (0, 110), (150, 110), (75, 55)].map { (x: Int, y: Int) in
      TruthBox(
        box: Box(x1: Float(x), y1: Float(y), x2: Float(x) + 50, y2: Float(y) + 40), classIndex: classIndex)
    }
    return LabelledImage(
      image: Image(width: 200, height: 150, red: red, green: 0, blue: 0),
      mask: mask
        ? Mask(width: 200, height: 150, ids: [UInt8](repeating: UInt8(classIndex), count: 30000)) : nil,
      boxes: corners)
  }

  @Test func mosaicsHoldFourPicturesInTheirQuarters() {
    var augmentation = plain(120, 100)
    (augmentation.mosaic, augmentation.flip) = (1, 0.5)
    let own = coloured(10, 1)
    let others = [coloured(20, 2), coloured(30, 3), coloured(40, 4, mask: false)]
    var places: Set<Int> = []
    for variant in 1...80 {
      let plan = augmentation.plan(seed: 6, picture: 0, variant: variant, donors: 0, pictures: 9)
      guard let mosaic = plan.mosaic else {
        Issue.record("no mosaic at a probability of 1")
        continue
      }
      places.insert(mosaic.own)
      #expect(mosaic.others.allSatisfy { 0..<9 ~= $0 })
      let result = augmentation.apply(plan, to: own, others: others)
      // The colours in their expected positions: the three others in order around its own.
      var order: [UInt8] = [20, 30, 40]
      order.insert(10, at: mosaic.own)
      let (x, y) = (Int((120 * mosaic.centreX).rounded()), Int((100 * mosaic.centreY).rounded()))
      #expect(36...84 ~= x && 30...70 ~= y)
      let colours = (0..<120 * 100).map { order[($0 / 120 < y ? 0 : 2) + ($0 % 120 < x ? 0 : 1)] }
      let reds = colours.indices.map { result.image.pixels[$0 * 3] }
      // Compared outside of the macro, which would print a million differences.
      let (isPicture, isMask) = (reds == colours, result.mask!.ids == colours.map { $0 == 40 ? 255 : $0 / 10 })
      #expect(isPicture, "variant \(variant)")
      // The quarter of an image without a mask has the ignore index.
      #expect(isMask, "variant \(variant)")
      for truth in result.boxes {
        let quarter = order.firstIndex(of: UInt8(truth.classIndex * 10))!
        let (columns, rows) = (quarter % 2 == 0 ? 0...x : x...120, quarter / 2 == 0 ? 0...y : y...100)
        let box = truth.box
        #expect(box.x1 >= Float(columns.lowerBound) && box.x2 <= Float(columns.upperBound))
        #expect(box.y1 >= Float(rows.lowerBound) && box.y2 <= Float(rows.upperBound))
        // Each image has the size of its tile or of its quarter; at least 0.3 of a box remains.
        let scale = max(
          mosaic.tiles[quarter].scale, Double(columns.count - 1) / 120, Double(rows.count - 1) / 100)
        let whole = 50.0 / 200 * 120 * scale * 40 / 150 * 100 * scale
        #expect(Double(box.area) > 0.299 * whole && Double(box.area) < 1.001 * whole)
        #expect(abs(truth.area - box.area) < 0.01 * box.area)
      }
    }
    #expect(places == [0, 1, 2, 3])
    // A single image gives no mosaic, and neither does an image without a mask.
    #expect(augmentation.plan(seed: 6, picture: 0, variant: 1, donors: 0).mosaic == nil)
    let plan = augmentation.plan(seed: 6, picture: 0, variant: 1, donors: 0, pictures: 9)
    #expect(augmentation.apply(plan, to: coloured(10, 1, mask: false), others: others).mask == nil)
  }

  @Test func boxesOfAMosaicLieOnTheirThings() {
    // The pixels of a light rectangle are found in every quarter, size and mirroring.
    var picture = LabelledImage(image: Image(width: 200, height: 150), mask: nil, boxes: [])
    for y in 30..<90 { for x in 40..<130 { picture.image.pixels[(y * 200 + x) * 3] = 255 } }
    picture.boxes = [TruthBox(box: Box(x1: 40, y1: 30, x2: 130, y2: 90), classIndex: 1)]
    let empty = LabelledImage(image: Image(width: 50, height: 50), mask: nil, boxes: [])
    var augmentation = plain(160, 140)
    (augmentation.mosaic, augmentation.flip) = (1, 0.5)
    var kept = 0
    for variant in 1...80 {
      let plan = augmentation.plan(seed: 2, picture: 0, variant: variant, donors: 0, pictures: 5)
      let result = augmentation.apply(plan, to: picture, others: [empty, empty, empty])
      guard let box = result.boxes.first?.box else { continue }
      kept += 1
      let light = (0..<160 * 140).filter { result.image.pixels[$0 * 3] >= 128 }
      let (xs, ys) = (light.map { Float($0 % 160) }, light.map { Float($0 / 160) })
      for (edge, bound) in [
        (box.x1, xs.min()!), (box.x2, xs.max()! + 1), (box.y1, ys.min()!), (box.y2, ys.max()! + 1),
      ] { #expect(abs(edge - bound) <= 1, "variant \(variant)") }
    }
    #expect(kept > 40, "\(kept)")
  }

  @Test func framesDependOnNothingButTheirThree() {
    let augmentation = Augmentation.detection(width: 96, height: 80)
    let picture = ramp(boxes)
    let others = [coloured(20, 2, mask: false), coloured(30, 3, mask: false), coloured(40, 4, mask: false)]
    func make(_ variant: Int, _ kernels: KernelSet = .chosen) -> LabelledImage {
      let plan = augmentation.plan(seed: 1, picture: 4, variant: variant, donors: 0, pictures: 7)
      return augmentation.apply(
        plan, to: picture, donors: [], others: plan.mosaic == nil ? [] : others, kernels: kernels)
    }
    let variants = (0..<40).map { make($0) }
    for variant in (0..<40).reversed() {
      for kernels in KernelSet.available { #expect(make(variant, kernels) == variants[variant], "\(kernels.isa)") }
    }
    #expect(Set(variants).count == 40)
    let plans = (1..<40).map { augmentation.plan(seed: 1, picture: 4, variant: $0, donors: 0, pictures: 7) }
    #expect(
      plans.contains { $0.mosaic != nil } && plans.contains { $0.scaleX < 0.9 } && plans.contains(where: \.isMirrored))
    let other = (1..<40).map { augmentation.plan(seed: 1, picture: 5, variant: $0, donors: 0, pictures: 7) }
    #expect(zip(plans, other).allSatisfy { $0 != $1 })
    #expect(augmentation.plan(seed: 1, picture: 4, variant: 0, donors: 0, pictures: 7) == AugmentationPlan())
    // The random numbers of the frame do not change those of scale, position and colours.
    var bare = augmentation
    (bare.zoomOut, bare.patches, bare.mosaic) = (0, [.whole], 0)
    for variant in 1..<40 {
      let plan = bare.plan(seed: 1, picture: 4, variant: variant, donors: 0, pictures: 7)
      #expect(plan.colour == plans[variant - 1].colour && plan.isMirrored == plans[variant - 1].isMirrored)
    }
  }
}

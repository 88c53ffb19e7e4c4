import ImageTypes
import Kernels

extension Augmentation {
  /// A variant of a picture, of the network's input size, with its mask and its boxes.
  ///
  /// The picture is resampled once, directly to its place; each pixel is the mean over its area. The mask has the
  /// nearest pixel of the same geometry, and the ignore index outside the picture.
  ///
  /// - Parameters:
  ///   - plan: from `plan(seed:picture:variant:donors:pictures:)`.
  ///   - donors: the pictures of `plan.pastes`, in that order; one without a cut-out has no effect.
  ///   - others: the pictures of `plan.mosaic`, in that order; empty without a mosaic.
  /// - Complexity: O(visible pixels of the pictures + pixels of the input + boxes x trials of a patch).
  package func apply(
    _ plan: AugmentationPlan, to picture: LabelledImage, donors: [LabelledImage] = [], others: [LabelledImage] = []
  ) -> LabelledImage {
    apply(plan, to: picture, donors: donors, others: others, kernels: .chosen)
  }

  /// A variant of a picture, computed on given kernels.
  package func apply(
    _ plan: AugmentationPlan, to picture: LabelledImage, donors: [LabelledImage], others: [LabelledImage] = [],
    kernels: KernelSet
  ) -> LabelledImage {
    var canvas = VariantCanvas(self, hasMask: picture.mask != nil, kernels: kernels)
    if let mosaic = plan.mosaic {
      add(mosaic, of: picture, others, blur: plan.blur, to: &canvas)
    } else {
      var placement = Placement(
        columns: AxisPlacement(
          extent: picture.image.width, canvas: 0..<width, length: Double(width) * plan.scaleX, share: plan.shareX,
          isMirrored: plan.isMirrored),
        rows: AxisPlacement(
          extent: picture.image.height, canvas: 0..<height, length: Double(height) * plan.scaleY, share: plan.shareY,
          isMirrored: false))
      var rule = BoxRule.visible(share: minimumVisible, pixels: 0)
      if let seed = plan.patchSeed {
        rule = .centre
        if let patch = patch(seed: seed, of: picture, placement) { placement = placement.enlarged(patch) }
      }
      canvas.add(picture, placement, plan.colour, blur: plan.blur, rule)
    }
    var result = canvas.result
    // A mosaic has a class only where all of its pictures have the same.
    let isOne = plan.mosaic == nil || others.allSatisfy { $0.classIndex == picture.classIndex }
    result.classIndex = isOne ? picture.classIndex : nil
    for (paste, donor) in zip(plan.pastes, donors) { self.paste(paste, from: donor, onto: &result, kernels) }
    return result
  }

  /// Copy-paste: cuts an object out of a picture and pastes it into another, with its border softened by a pixel.
  private func paste(
    _ paste: AugmentationPlan.Paste, from donor: LabelledImage, onto picture: inout LabelledImage, _ kernels: KernelSet
  ) {
    guard let mask = donor.mask else { return }
    let map = CutOut.find(in: mask, classes: copyPasteClasses)
    guard !map.cutOuts.isEmpty else { return }
    let thing = map.cutOuts[min(Int(paste.lot * Double(map.cutOuts.count)), map.cutOuts.count - 1)]
    // The aspect ratio that it has where its picture fills the input; at most a fifth wider than that.
    let unit = (x: Double(width) / Double(donor.image.width), y: Double(height) / Double(donor.image.height))
    let natural = (x: Double(thing.columns.count) * unit.x, y: Double(thing.rows.count) * unit.y)
    let scale = min(paste.height * Double(height) / natural.y, 1.2 * Double(width) / natural.x)
    let size = (x: natural.x * scale, y: natural.y * scale)
    guard size.x >= 4, size.y >= 4 else { return }
    func axis(_ extent: Int, _ source: Range<Int>, _ size: Double, _ canvas: Int, _ share: Double, _ isMirrored: Bool)
      -> AxisPlacement
    {
      AxisPlacement(
        extent: extent, source: (Double(source.lowerBound), Double(source.count)),
        target: (-size / 4 + (Double(canvas) - size / 2) * share, size), canvas: 0..<canvas, isMirrored: isMirrored)
    }
    let placement = Placement(
      columns: axis(donor.image.width, thing.columns, size.x, width, paste.shareX, paste.isMirrored),
      rows: axis(donor.image.height, thing.rows, size.y, height, paste.shareY, false))
    guard !placement.isEmpty else { return }
    let (left, top) = (placement.columns.visible.lowerBound, placement.rows.visible.lowerBound)
    let (columns, rows) = (placement.columns.nearest(), placement.rows.nearest())
    let count = columns.count
    var hard = [Float](repeating: 0, count: count * rows.count)
    for (y, row) in rows.enumerated() {
      for (x, column) in columns.enumerated() where map.contains(thing, x: column, y: row) { hard[y * count + x] = 1 }
    }
    var content = FloatImage(donor.image, placement, kernels: kernels)
    content.change(paste.colour)
    var pixels = picture.image.pixels
    content.blend(
      over: &pixels, pictureWidth: width, x: left, y: top, alpha: Augmentation.soften(hard, width: count))
    picture.image = Image(width: width, height: height, pixels: pixels)
    picture.mask = picture.mask.map { mask in
      var mask = mask
      for i in hard.indices where hard[i] == 1 {
        mask.ids[(top + i / count) * width + left + i % count] = thing.classIndex
      }
      return mask
    }
    updateBoxes(of: &picture, thing: thing.classIndex, hard, count: count, left: left, top: top)
  }

  /// Drops the boxes of covered objects and adds the pasted object's box.
  private func updateBoxes(
    of picture: inout LabelledImage, thing classIndex: UInt8, _ hard: [Float], count: Int, left: Int, top: Int
  ) {
    picture.boxes.removeAll { truth in
      func pixels(_ low: Float, _ high: Float, _ origin: Int, _ count: Int) -> Range<Int> {
        (Int(low.rounded()) - origin..<Int(high.rounded()) - origin).clamped(to: 0..<count)
      }
      let x = pixels(truth.box.x1, truth.box.x2, left, count)
      let y = pixels(truth.box.y1, truth.box.y2, top, hard.count / count)
      var covered: Float = 0
      for line in y {
        for column in x { covered += hard[line * count + column] }
      }
      return truth.box.area - covered < minimumVisible * truth.box.area
    }
    let places = hard.indices.filter { hard[$0] == 1 }
    guard let x1 = places.map({ $0 % count }).min(), let x2 = places.map({ $0 % count }).max() else { return }
    let box = Box(
      x1: Float(left + x1), y1: Float(top + places[0] / count), x2: Float(left + x2 + 1),
      y2: Float(top + places[places.count - 1] / count + 1))
    picture.boxes.append(TruthBox(box: box, classIndex: Int(classIndex), area: Float(places.count)))
  }

  /// A 3x3 blur with weights 1, 2, 1 on both axes, and zeros outside.
  static func soften(_ values: [Float], width: Int) -> [Float] {
    let height = values.count / width
    var across = values
    for y in 0..<height {
      for x in 0..<width {
        let i = y * width + x
        across[i] = ((x > 0 ? values[i - 1] : 0) + 2 * values[i] + (x + 1 < width ? values[i + 1] : 0)) / 4
      }
    }
    var result = across
    for i in across.indices {
      let (above, below) = (i >= width ? across[i - width] : 0, i + width < across.count ? across[i + width] : 0)
      result[i] = (above + 2 * across[i] + below) / 4
    }
    return result
  }
}

import ImageTypes
import Kernels

/// A variant under construction: pixels of the network's input, the mask and the boxes on them.
struct VariantCanvas {
  private let width, height: Int
  private let kernels: KernelSet
  private var pixels: [UInt8]
  /// The mask, with the ignore index outside all pictures.
  private var ids: [UInt8]?
  private var boxes: [TruthBox] = []

  /// An empty canvas of the fill colour.
  init(_ augmentation: Augmentation, hasMask: Bool, kernels: KernelSet) {
    (width, height) = (augmentation.width, augmentation.height)
    self.kernels = kernels
    let fill = augmentation.fill
    pixels = Image(width: width, height: height, red: fill.red, green: fill.green, blue: fill.blue).pixels
    ids = hasMask ? [UInt8](repeating: Dataset.void, count: width * height) : nil
  }

  var result: LabelledImage {
    LabelledImage(
      image: Image(width: width, height: height, pixels: pixels),
      mask: ids.map { Mask(width: width, height: height, ids: $0) }, boxes: boxes)
  }

  /// Draws the visible part of a picture at its place.
  mutating func add(
    _ picture: LabelledImage, _ placement: Placement, _ colour: ColourChange, blur: Double, _ rule: BoxRule
  ) {
    if !placement.isEmpty {
      var content = FloatImage(picture.image, placement, kernels: kernels)
      content.change(colour)
      content.blur(blur)
      content.write(
        into: &pixels, pictureWidth: width, x: placement.columns.visible.lowerBound,
        y: placement.rows.visible.lowerBound)
    }
    if ids != nil, let mask = picture.mask { add(mask, placement) }
    boxes += picture.boxes.compactMap { placement.place($0, rule) }
  }

  private mutating func add(_ mask: Mask, _ placement: Placement) {
    let columns = placement.columns.nearest()
    let left = placement.columns.visible.lowerBound
    for (y, row) in zip(placement.rows.visible, placement.rows.nearest()) {
      let (to, from) = (y * width + left, row * mask.width)
      for x in 0..<columns.count { ids![to + x] = mask.ids[from + columns[x]] }
    }
  }
}

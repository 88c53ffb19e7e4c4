import Postprocess
import Tensors

/// A picture's mask, put together from the cells of its views.
struct MaskCanvas {
  private(set) var mask: LabelMap

  init(_ image: Image) {
    mask = LabelMap(
      width: image.width, height: image.height, ids: [UInt8](repeating: 0, count: image.width * image.height))
  }

  /// Writes a cell.
  mutating func paint(_ part: LabelMap, at cell: ImageRegion) {
    if part.width == mask.width, part.height == mask.height {
      mask = part
      return
    }
    for row in 0..<cell.height {
      let start = (cell.y + row) * mask.width + cell.x
      mask.ids.replaceSubrange(
        start..<start + cell.width, with: part.ids[row * cell.width..<(row + 1) * cell.width])
    }
  }
}

import ImageTypes

/// A picture's mask, assembled from the cells of its views.
struct MaskCanvas {
  private(set) var mask: Mask

  init(width: Int, height: Int) {
    mask = Mask(width: width, height: height, ids: [UInt8](repeating: 0, count: width * height))
  }

  /// Writes a cell.
  mutating func paint(_ part: Mask, at cell: ImageRegion) {
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

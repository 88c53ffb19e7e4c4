import ImageTypes

/// The quarter turn between a picture as stored and as displayed: the EXIF orientations 5 to 8.
struct QuarterTurn: Hashable, Sendable {
  /// EXIF's number.
  let orientation: Int
  /// Columns and rows as stored.
  let width, height: Int

  /// - Returns: `nil` for an orientation that keeps rows as rows.
  init?(orientation: Int, width: Int, height: Int) {
    guard (5...8).contains(orientation) else { return nil }
    self.orientation = orientation
    self.width = width
    self.height = height
  }

  /// A stored point's place in the displayed picture.
  func point(_ x: Float, _ y: Float) -> (x: Float, y: Float) {
    let (across, down) = (Float(width) - x, Float(height) - y)
    switch orientation {
    case 5: return (y, x)
    case 6: return (down, x)
    case 7: return (down, across)
    default: return (y, across)
    }
  }

  func box(_ box: Box) -> Box {
    let (a, b) = (point(box.x1, box.y1), point(box.x2, box.y2))
    return Box(x1: min(a.x, b.x), y1: min(a.y, b.y), x2: max(a.x, b.x), y2: max(a.y, b.y))
  }

  /// Coordinates x, y of corners in turn.
  func corners(_ corners: [Float]) -> [Float] {
    stride(from: 0, to: corners.count - 1, by: 2).flatMap { index -> [Float] in
      let corner = point(corners[index], corners[index + 1])
      return [corner.x, corner.y]
    }
  }

  /// The displayed rows of a stored mask.
  ///
  /// - Complexity: O(`ids.count`).
  func ids(_ ids: [UInt8]) -> [UInt8] {
    var turned = [UInt8](repeating: 0, count: ids.count)
    for y in 0..<height {
      let column = orientation == 5 || orientation == 8 ? y : height - 1 - y
      for x in 0..<width {
        let row = orientation == 5 || orientation == 6 ? x : width - 1 - x
        turned[row * height + column] = ids[y * width + x]
      }
    }
    return turned
  }
}

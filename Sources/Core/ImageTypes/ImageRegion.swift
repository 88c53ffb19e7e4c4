/// A rectangle of whole pixels inside an image.
public struct ImageRegion: Hashable, Sendable {
  /// Columns from the image's left edge, at least 0.
  public let x: Int
  /// Rows from the image's top edge, at least 0.
  public let y: Int
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int

  /// Creates a region; `x` and `y` must be at least 0, `width` and `height` at least 1.
  public init(x: Int, y: Int, width: Int, height: Int) {
    precondition(x >= 0 && y >= 0 && width > 0 && height > 0, "a region of \(width)x\(height) at \(x), \(y)")
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The region of the columns and rows, neither of them empty.
  public init(columns: Range<Int>, rows: Range<Int>) {
    self.init(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
  }

  /// The columns' indices in the image.
  public var columns: Range<Int> { x..<x + width }
  /// The rows' indices in the image.
  public var rows: Range<Int> { y..<y + height }
}

extension Image {
  /// The region of all pixels.
  public var bounds: ImageRegion { ImageRegion(x: 0, y: 0, width: width, height: height) }
}

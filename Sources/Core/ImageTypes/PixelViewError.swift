/// A contradiction between bytes and their size, format and row distance.
public enum PixelViewError: Error, Hashable, CustomStringConvertible {
  /// A side is not in `1 ... PixelView.maximumExtent`.
  case size(width: Int, height: Int)
  /// The format has another number of planes.
  case planes(expected: Int, found: Int)
  /// The rows of a plane, counted from 0, overlap: `expected` is the least distance, in bytes.
  case bytesPerRow(plane: Int, expected: Int, found: Int)
  /// A plane, counted from 0, has another number of bytes; `expected` is `Int.max` if it is too large to count.
  ///
  /// For a view `expected` is the minimum, for an `Image` the exact number.
  case bytes(plane: Int, expected: Int, found: Int)

  /// What was found and what was expected, in words.
  public var description: String {
    switch self {
    case .size(let width, let height):
      return "a picture of \(width)x\(height) pixels, expected 1 to \(PixelView.maximumExtent) a side"
    case .planes(let expected, let found): return "\(found) planes of pixels, expected \(expected) of this format"
    case .bytesPerRow(let plane, let expected, let found):
      return "\(found) bytes a row in plane \(plane), expected at least \(expected)"
    case .bytes(let plane, let expected, let found):
      let wanted = expected == .max ? "more than can be counted" : "\(expected)"
      return "\(found) bytes in plane \(plane), expected \(wanted); check the size, the format and the bytes per row"
    }
  }
}

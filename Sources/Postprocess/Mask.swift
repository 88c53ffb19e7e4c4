/// A class id for each pixel, rows from the top.
public struct Mask: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `width * height` class ids.
  public var ids: [UInt8]

  /// Creates a map; the number of ids must be `width * height`.
  public init(width: Int, height: Int, ids: [UInt8]) {
    precondition(width > 0 && height > 0 && ids.count == width * height, "\(ids.count) ids for \(width)x\(height)")
    self.width = width
    self.height = height
    self.ids = ids
  }

  /// Pixels of each class id that occurs.
  ///
  /// - Complexity: O(`width * height`).
  public func pixelCounts() -> [Int: Int] {
    var counts = [Int](repeating: 0, count: 256)
    for id in ids { counts[Int(id)] += 1 }
    return Dictionary(
      uniqueKeysWithValues: counts.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) })
  }
}

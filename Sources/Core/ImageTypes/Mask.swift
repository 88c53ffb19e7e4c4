import Tensors

/// A class id for each pixel, rows from the top.
public struct Mask: Hashable, Sendable {
  /// Columns, 1 to `PixelView.maximumExtent`.
  public let width: Int
  /// Rows, 1 to `PixelView.maximumExtent`.
  public let height: Int
  /// `width * height` class ids.
  public package(set) var ids: [UInt8]

  /// A mask of ids whose number is known to be `width * height`.
  package init(width: Int, height: Int, ids: [UInt8]) {
    precondition(width > 0 && height > 0 && ids.count == width * height, "\(ids.count) ids for \(width)x\(height)")
    self.width = width
    self.height = height
    self.ids = ids
  }

  /// A mask of unchecked ids.
  ///
  /// - Parameter ids: `width * height` class ids, rows from the top.
  /// - Throws: `PixelViewError` for a side that is not in `1 ... PixelView.maximumExtent`, or another number of ids.
  public init(_ ids: [UInt8], width: Int, height: Int) throws(PixelViewError) {
    try PixelView.check(width, height)
    guard ids.count == width * height else { throw .bytes(plane: 0, expected: width * height, found: ids.count) }
    self.init(width: width, height: height, ids: ids)
  }

  /// The class id of the pixel in a column and a row, both counted from 0 and inside the mask.
  public subscript(x: Int, y: Int) -> UInt8 {
    precondition(x >= 0 && x < width && y >= 0 && y < height, "the pixel (\(x), \(y)) of a mask of \(width)x\(height)")
    return ids[y * width + x]
  }

  /// The number of pixels of each class id that occurs.
  ///
  /// - Complexity: O(`width * height`).
  public func pixelCounts() -> [Int: Int] {
    var counts = [Int](repeating: 0, count: 256)
    for id in ids { counts[Int(id)] += 1 }
    return Dictionary(
      uniqueKeysWithValues: counts.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) })
  }
}

/// Coded as `width`, `height` and `runs`, a run-length coding by rows from the top left pixel: class id and length in
/// turn.
extension Mask: Codable {
  private enum Keys: String, CodingKey { case width, height, runs }

  /// Encodes the size, and the ids as runs.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(width, forKey: .width)
    try container.encode(height, forKey: .height)
    var runs: [Int] = []
    var begin = 0
    for index in ids.indices where index + 1 == ids.count || ids[index + 1] != ids[index] {
      runs += [Int(ids[index]), index + 1 - begin]
      begin = index + 1
    }
    try container.encode(runs, forKey: .runs)
  }

  /// Decodes the size, and the ids from their runs.
  ///
  /// - Throws: `DecodingError`, also where the runs do not add up to the mask's size.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    let (width, height) = (
      try container.decode(Int.self, forKey: .width), try container.decode(Int.self, forKey: .height)
    )
    let runs = try container.decode([Int].self, forKey: .runs)
    func refuse(_ text: String) -> DecodingError {
      .dataCorruptedError(forKey: .runs, in: container, debugDescription: text)
    }
    do { try PixelView.check(width, height) } catch { throw refuse("\(error)") }
    guard runs.count % 2 == 0 else { throw refuse("\(runs.count) numbers, expected two for each run") }
    var left = width * height
    for place in stride(from: 0, to: runs.count, by: 2) {
      guard 0...255 ~= runs[place], runs[place + 1] > 0, runs[place + 1] <= left else {
        throw refuse("\(runs[place + 1]) pixels of class \(runs[place]), expected 1 to \(left) of class 0 to 255")
      }
      left -= runs[place + 1]
    }
    guard left == 0 else { throw refuse("\(left) pixels of \(width)x\(height) are in no run") }
    var ids: [UInt8] = []
    ids.reserveCapacity(width * height)
    for place in stride(from: 0, to: runs.count, by: 2) {
      ids.append(contentsOf: repeatElement(UInt8(runs[place]), count: runs[place + 1]))
    }
    self.init(width: width, height: height, ids: ids)
  }
}

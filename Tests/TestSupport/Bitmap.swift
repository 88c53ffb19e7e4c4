import ImageTypes

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The uncompressed Windows bitmaps of the development data; other bitmaps are not supported.
public struct Bitmap: Sendable {
  /// The error for any other file.
  public struct Unreadable: Error {
    public let path: String
  }

  public let width: Int
  public let height: Int
  /// The bits per pixel: 24 for colours, 8 for palette indices.
  public let depth: Int
  /// The pixels' bytes as stored (B, G, R, or an index), rows from the top.
  private let bytes: [UInt8]

  public init(path: String) throws {
    let file = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    func number(_ offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    }
    guard file.count > 54, file[0] == 0x42, file[1] == 0x4D else { throw Unreadable(path: path) }
    let start = number(10, 4)
    width = number(18, 4)
    height = number(22, 4)
    depth = number(28, 2)
    let row = width * depth / 8
    let stored = (row + 3) / 4 * 4
    guard [8, 24].contains(depth), number(30, 4) == 0, width > 0, height > 0, start + stored * height <= file.count
    else { throw Unreadable(path: path) }
    bytes = (0..<height).reversed().flatMap { file[start + $0 * stored..<start + $0 * stored + row] }
  }

  /// The image of a 24-bit bitmap.
  public var image: Image {
    precondition(depth == 24, "a bitmap of \(depth) bits has no colours")
    var pixels = bytes
    for i in stride(from: 0, to: pixels.count, by: 3) { pixels.swapAt(i, i + 2) }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// The indices of an 8-bit bitmap.
  public var numbers: [UInt8] {
    precondition(depth == 8, "a bitmap of \(depth) bits has no numbers")
    return bytes
  }
}

/// An image as displayed: 8-bit RGB, rows from the top, no padding between rows.
public struct Image: Hashable, Sendable {
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// `width * height * 3` bytes: R, G, B of each pixel, row by row.
  public package(set) var pixels: [UInt8]

  /// An image of bytes that are known to be `width * height * 3`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture needs a size, got \(width)x\(height)")
    precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for a picture of \(width)x\(height)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Creates a picture of one colour, black by default; both sides must be at least 1 pixel.
  public init(width: Int, height: Int, red: UInt8 = 0, green: UInt8 = 0, blue: UInt8 = 0) {
    precondition(width > 0 && height > 0, "a picture needs a size, got \(width)x\(height)")
    var pixels = [UInt8](repeating: red, count: width * height * 3)
    if green != red || blue != red {
      for i in stride(from: 0, to: pixels.count, by: 3) {
        pixels[i + 1] = green
        pixels[i + 2] = blue
      }
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}

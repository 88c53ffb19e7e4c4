/// A colour of 8-bit red, green and blue.
public struct Colour: Hashable, Sendable, Codable {
  /// Intensities, 0 to 255.
  public var red, green, blue: UInt8

  /// Creates a colour from its intensities, 0 to 255.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

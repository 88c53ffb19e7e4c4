/// A colour of 8-bit red, green and blue.
public struct Colour: Hashable, Sendable, Codable {
  public var red, green, blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

import ImageTypes

/// A rectangle of whole pixels, with exclusive right and bottom edges; it may extend beyond an image.
package struct PixelRect: Hashable, Sendable {
  package var left, top, right, bottom: Int

  package init(left: Int, top: Int, right: Int, bottom: Int) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  package var width: Int { right - left }
  package var height: Int { bottom - top }

  package func inset(by amount: Int) -> PixelRect {
    PixelRect(left: left + amount, top: top + amount, right: right - amount, bottom: bottom - amount)
  }

  /// The number of common pixels.
  func overlap(with other: PixelRect) -> Int {
    max(min(right, other.right) - max(left, other.left), 0) * max(min(bottom, other.bottom) - max(top, other.top), 0)
  }
}

extension Image {
  /// Blends a colour into one pixel inside the image; a `weight` of 256 replaces the pixel.
  package mutating func mix(_ colour: Colour, x: Int, y: Int, weight: Int) {
    let at = (y * width + x) * 3
    pixels[at] = Image.mixed(pixels[at], colour.red, weight)
    pixels[at + 1] = Image.mixed(pixels[at + 1], colour.green, weight)
    pixels[at + 2] = Image.mixed(pixels[at + 2], colour.blue, weight)
  }

  static func mixed(_ old: UInt8, _ new: UInt8, _ weight: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: (Int(old) * (256 - weight) + Int(new) * weight + 128) >> 8)
  }

  /// Blends a colour into the part of a rectangle that is inside the image.
  package mutating func fill(_ rect: PixelRect, _ colour: Colour, weight: Int = 256) {
    let columns = max(rect.left, 0)..<max(min(rect.right, width), max(rect.left, 0))
    for y in max(rect.top, 0)..<max(min(rect.bottom, height), max(rect.top, 0)) {
      for x in columns { mix(colour, x: x, y: y, weight: weight) }
    }
  }

  /// Draws a frame along the inside of a rectangle's edges.
  package mutating func frame(_ rect: PixelRect, thickness: Int, _ colour: Colour, weight: Int = 256) {
    // A rectangle too small for a hole is filled.
    let hole = rect.inset(by: thickness)
    guard thickness > 0 else { return }
    guard hole.left < hole.right, hole.top < hole.bottom else { return fill(rect, colour, weight: weight) }
    fill(PixelRect(left: rect.left, top: rect.top, right: rect.right, bottom: hole.top), colour, weight: weight)
    fill(PixelRect(left: rect.left, top: hole.bottom, right: rect.right, bottom: rect.bottom), colour, weight: weight)
    fill(PixelRect(left: rect.left, top: hole.top, right: hole.left, bottom: hole.bottom), colour, weight: weight)
    fill(PixelRect(left: hole.right, top: hole.top, right: rect.right, bottom: hole.bottom), colour, weight: weight)
  }
}

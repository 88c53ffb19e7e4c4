import ImageTypes

extension Overlay {
  /// Blends the colours of a mask into an image; class 0, the background, is unchanged.
  ///
  /// - Parameters:
  ///   - map: of the picture's size.
  ///   - opacity: how much of the class colour shows, in [0, 1].
  ///   - contours: whether a white line, and one in the class colour within it, run along the inside of each class's
  ///     border.
  /// - Complexity: O(pixels).
  public static func blend(_ map: Mask, into image: inout Image, opacity: Float = 0.5, contours: Bool = true) {
    precondition(
      map.width == image.width && map.height == image.height,
      "a mask of \(map.width)x\(map.height) for a picture of \(image.width)x\(image.height)")
    precondition((0...1).contains(opacity), "opacity \(opacity), expected 0 to 1")
    let weight = Int(opacity * 256)
    let line = max(1, Int((Float(min(map.width, map.height)) * 0.0025).rounded()))
    let border = contours ? Border(of: map) : nil
    let outer = border?.widened(to: line).pixels
    let inner = border?.widened(to: 2 * line).pixels
    let palette = Palette.voc
    var pixels = image.pixels.mutableSpan
    for index in map.ids.indices {
      let id = map.ids[index]
      guard id != 0 else { continue }
      // White stands out on dark background, the class colour on light background.
      let colour = outer.map { $0[index] != 0 } ?? false ? Colour.white : palette[Int(id)]
      let share = inner.map { $0[index] != 0 } ?? false ? 232 : weight
      let at = index * 3
      pixels[at] = Image.mixed(pixels[at], colour.red, share)
      pixels[at + 1] = Image.mixed(pixels[at + 1], colour.green, share)
      pixels[at + 2] = Image.mixed(pixels[at + 2], colour.blue, share)
    }
  }
}

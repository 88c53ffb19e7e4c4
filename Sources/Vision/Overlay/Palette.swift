import ImageTypes

/// Colours for class ids and for boxes.
public enum Palette {
  /// The 256 colours of Pascal VOC's masks, by class id: 0 is black, 15 (person) is (192, 128, 128), 255 is (224, 224,
  /// 192).
  ///
  /// The bits of the id, from the lowest, are distributed in turn to red, green and blue, from the highest bit of each
  /// downwards.
  /// Source: the Pascal VOC development kit, `VOClabelcolormap`.
  public static let voc: [Colour] = (0..<256).map { id in
    var channels: [UInt8] = [0, 0, 0]
    for bit in 0..<8 where id >> bit & 1 == 1 { channels[bit % 3] |= 0x80 >> UInt8(bit / 3) }
    return Colour(red: channels[0], green: channels[1], blue: channels[2])
  }

  /// Colours for boxes: neighbours in the list differ in hue, and none is so dark or so pale that it is lost on a
  /// picture.
  public static let boxes: [Colour] = [
    Colour(red: 255, green: 149, blue: 0),  // orange
    Colour(red: 0, green: 200, blue: 255),  // cyan
    Colour(red: 60, green: 220, blue: 90),  // green
    Colour(red: 255, green: 80, blue: 160),  // pink
    Colour(red: 255, green: 224, blue: 20),  // yellow
    Colour(red: 180, green: 120, blue: 255),  // violet
    Colour(red: 255, green: 84, blue: 64),  // red
    Colour(red: 0, green: 224, blue: 190),  // teal
    Colour(red: 96, green: 150, blue: 255),  // blue
    Colour(red: 180, green: 240, blue: 40),  // lime
    Colour(red: 255, green: 160, blue: 200),  // rose
    Colour(red: 214, green: 150, blue: 90),  // brown
  ]

  /// The colour of an index modulo the list's length.
  package static func box(_ index: Int) -> Colour {
    let turn = index % boxes.count
    return boxes[turn < 0 ? turn + boxes.count : turn]
  }
}

extension Colour {
  package static let black = Colour(red: 0, green: 0, blue: 0)
  package static let white = Colour(red: 255, green: 255, blue: 255)

  /// The luminance in [0, 1]: linear light, with a square as transfer curve.
  package var luminance: Float {
    func linear(_ value: UInt8) -> Float { Float(value) * Float(value) / (255 * 255) }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// Black or white, whichever has the greater contrast as text on this colour.
  ///
  /// Source: the contrast ratio of WCAG 2.2, (bright + 0.05) / (dark + 0.05).
  package var textColour: Colour { (luminance + 0.05) * (luminance + 0.05) > 0.05 * 1.05 ? .black : .white }
}

import ImageTypes
import Tensors

/// Images and tensors computed by a formula, so that a golden needs no stored input.
public enum Synthetic {
  /// The byte of a pixel's channel: half a gradient across the image, and half noise.
  ///
  /// `Tests/Golden/formula.py` has the same formula.
  public static func byte(x: Int, y: Int, channel: Int, width: Int) -> UInt8 {
    let noise = Int(SplitMix64.number(at: (y * width + x) * 3 + channel, seed: 1) >> 56)
    let slope = (x * 3 + y * 2 + channel * 64) & 255
    return UInt8((noise + slope) / 2)
  }

  /// An image of the formula.
  public static func image(width: Int, height: Int) -> Image {
    var pixels = [UInt8]()
    pixels.reserveCapacity(width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 { pixels.append(byte(x: x, y: y, channel: channel, width: width)) }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// The image as a network's input, `value * (2 / 255) - 1` in fp32: `[1, height, width, 3]`.
  public static func input(width: Int, height: Int) -> Tensor {
    let scale: Float = 2 / 255
    return Tensor(
      Shape(height: height, width: width, channels: 3),
      image(width: width, height: height).pixels.map { Float($0) * scale - 1 })
  }
}

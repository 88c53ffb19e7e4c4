import ImageTypes
import Kernels
import Tensors

// The loops over pixels, on memory whose bounds are checked before each begins, so that the compiler vectorises them.

/// An RGB picture under construction, in floats of 0 to 255.
struct FloatImage: ~Copyable {
  let width, height: Int
  private var tensor: Tensor

  /// A resampled part of a picture; other pixels are not written.
  init(_ image: Image, _ placement: Placement, kernels: KernelSet) {
    (width, height) = (placement.columns.visible.count, placement.rows.visible.count)
    tensor = unsafe Tensor(undefined: Shape(height: height, width: width, channels: 3))
    let resizer = PixelResizer(
      kernels, on: nil,
      PixelResizer.Target(
        inputWidth: width, rows: 0..<height, columns: 0..<width, scale: [1, 1, 1], shift: [0, 0, 0]))
    resizer.area(image, rows: placement.rows.taps(), columns: placement.columns.taps(), into: tensor)
  }

  func meanLuma() -> Double {
    tensor.withSpan { values in
      var sums: (Float, Float, Float) = (0, 0, 0)
      var (red, green, blue): (Double, Double, Double) = (0, 0, 0)
      // Single precision along a row keeps the order of the sum, and so its last bit, the same everywhere.
      for y in 0..<height {
        sums = (0, 0, 0)
        for i in stride(from: y * width * 3, to: (y + 1) * width * 3, by: 3) {
          sums.0 += unsafe values[unchecked: i]
          sums.1 += unsafe values[unchecked: i + 1]
          sums.2 += unsafe values[unchecked: i + 2]
        }
        red += Double(sums.0)
        green += Double(sums.1)
        blue += Double(sums.2)
      }
      let luma = ColourChange.luma
      return (red * luma.red + green * luma.green + blue * luma.blue) / Double(width * height)
    }
  }

  mutating func change(_ colour: ColourChange) {
    guard !colour.isIdentity else { return }
    let (m, offset) = colour.matrix(mean: colour.contrast == 1 ? 0 : meanLuma())
    let (m0, m1, m2, m3, m4, m5, m6, m7, m8) = (m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8])
    let count = width * height * 3
    tensor.withMutableSpan { values in
      precondition(values.count == count)
      for i in stride(from: 0, to: count, by: 3) {
        let r = unsafe values[unchecked: i]
        let g = unsafe values[unchecked: i + 1]
        let b = unsafe values[unchecked: i + 2]
        unsafe values[unchecked: i] = r * m0 + g * m1 + b * m2 + offset
        unsafe values[unchecked: i + 1] = r * m3 + g * m4 + b * m5 + offset
        unsafe values[unchecked: i + 2] = r * m6 + g * m7 + b * m8 + offset
      }
    }
  }

  /// A Gaussian blur of that standard deviation, truncated after two pixels; border pixels are repeated outside.
  mutating func blur(_ deviation: Double) {
    guard deviation > 0 else { return }
    let raw = (0...2).map { exponential(-Double($0 * $0) / (2 * deviation * deviation)) }
    let sum = raw[0] + 2 * raw[1] + 2 * raw[2]
    let (w0, w1, w2) = (Float(raw[0] / sum), Float(raw[1] / sum), Float(raw[2] / sum))
    let (height, row) = (height, width * 3)
    var padded = [Float](repeating: 0, count: row + 12)
    var across = [Float](repeating: 0, count: row * height)
    tensor.withSpan { values in
      var across = across.mutableSpan
      for y in 0..<height {
        for i in 0..<row { padded[i + 6] = unsafe values[unchecked: y * row + i] }
        for c in 0..<3 {
          (padded[c], padded[c + 3]) = (padded[c + 6], padded[c + 6])
          (padded[row + c + 6], padded[row + c + 9]) = (padded[row + c + 3], padded[row + c + 3])
        }
        let line = padded.span
        for i in 0..<row {
          let near = unsafe line[unchecked: i + 3] + line[unchecked: i + 9]
          let far = unsafe line[unchecked: i] + line[unchecked: i + 12]
          unsafe across[unchecked: y * row + i] = line[unchecked: i + 6] * w0 + near * w1 + far * w2
        }
      }
    }
    let source = across.span
    tensor.withMutableSpan { values in
      for y in 0..<height {
        let (a, b, c) = (max(y - 2, 0) * row, max(y - 1, 0) * row, y * row)
        let (d, e) = (min(y + 1, height - 1) * row, min(y + 2, height - 1) * row)
        for i in 0..<row {
          let near = unsafe source[unchecked: b + i] + source[unchecked: d + i]
          let far = unsafe source[unchecked: a + i] + source[unchecked: e + i]
          unsafe values[unchecked: c + i] = source[unchecked: c + i] * w0 + near * w1 + far * w2
        }
      }
    }
  }

  /// Writes it into a picture that contains it at that place.
  func write(into pixels: inout [UInt8], pictureWidth: Int, x: Int, y: Int) {
    let row = width * 3
    precondition(x >= 0 && y >= 0 && x + width <= pictureWidth && (y + height) * pictureWidth * 3 <= pixels.count)
    tensor.withSpan { values in
      var pixels = pixels.mutableSpan
      for line in 0..<height {
        let (from, to) = (line * row, ((y + line) * pictureWidth + x) * 3)
        for i in 0..<row {
          unsafe pixels[unchecked: to + i] = FloatImage.byte(values[unchecked: from + i])
        }
      }
    }
  }

  /// Blends it over a picture with an opacity `alpha` of 0 to 1 for each of its pixels.
  func blend(over pixels: inout [UInt8], pictureWidth: Int, x: Int, y: Int, alpha: [Float]) {
    precondition(x >= 0 && y >= 0 && x + width <= pictureWidth && (y + height) * pictureWidth * 3 <= pixels.count)
    precondition(alpha.count == width * height)
    tensor.withSpan { values in
      var pixels = pixels.mutableSpan
      let alpha = alpha.span
      for line in 0..<height {
        for column in 0..<width {
          let share = unsafe alpha[unchecked: line * width + column]
          if share == 0 { continue }
          let (from, to) = ((line * width + column) * 3, ((y + line) * pictureWidth + x + column) * 3)
          for c in 0..<3 {
            let below = unsafe Float(pixels[unchecked: to + c])
            let above = unsafe min(max(values[unchecked: from + c], 0), 255)
            unsafe pixels[unchecked: to + c] = FloatImage.byte(below + (above - below) * share)
          }
        }
      }
    }
  }

  /// The nearest whole number of 0 to 255, halves to the even one.
  @inline(__always) private static func byte(_ value: Float) -> UInt8 {
    // Adding 2^23 leaves the rounded number in the lowest bits, and the compiler can vectorise it.
    UInt8(truncatingIfNeeded: (min(max(value, 0), 255) + 0x1p23).bitPattern)
  }
}

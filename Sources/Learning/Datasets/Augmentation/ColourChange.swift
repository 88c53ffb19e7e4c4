#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A change of colours by one matrix, since brightness, contrast, saturation and hue are all linear.
///
/// Values are bounded to 0 ... 255 once at the end, not after each step.
package struct ColourChange: Hashable, Sendable {
  /// The factor of all values.
  package var brightness = 1.0
  /// The factor of the distance to the mean luma.
  package var contrast = 1.0
  /// The factor of the distance to gray; 0 removes all colour.
  package var saturation = 1.0
  /// The rotation of hue in whole turns, in the plane of U and V.
  ///
  /// It does not change luma.
  package var hue = 0.0

  /// Creates a change from three factors and a rotation of hue in whole turns; by default it is none.
  package init(brightness: Double = 1, contrast: Double = 1, saturation: Double = 1, hue: Double = 0) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  var isIdentity: Bool { self == ColourChange() }

  static let luma = (red: 0.299, green: 0.587, blue: 0.114)

  /// The nine factors, row by row, and the offset of each channel.
  ///
  /// - Parameter mean: the mean luma before the change.
  func matrix(mean: Double) -> (factors: [9 of Float], offset: Float) {
    let (r, g, b) = ColourChange.luma
    let (c, s) = (cos(hue * 2 * .pi) * saturation, sin(hue * 2 * .pi) * saturation)
    let (scaleU, scaleV) = (0.492, 0.877)
    /// The image of a unit vector.
    func column(_ red: Double, _ green: Double, _ blue: Double) -> (Double, Double, Double) {
      let y = r * red + g * green + b * blue
      let (u, v) = (scaleU * (blue - y), scaleV * (red - y))
      let (u2, v2) = (u * c - v * s, u * s + v * c)
      let (newRed, newBlue) = (y + v2 / scaleV, y + u2 / scaleU)
      return (newRed, (y - r * newRed - b * newBlue) / g, newBlue)
    }
    let columns = [column(1, 0, 0), column(0, 1, 0), column(0, 0, 1)]
    let gain = brightness * contrast
    func factor(_ row: Int, _ column: Int) -> Float {
      let (x, y, z) = columns[column]
      return Float([x, y, z][row] * gain)
    }
    let factors: [9 of Float] = [
      factor(0, 0), factor(0, 1), factor(0, 2), factor(1, 0), factor(1, 1), factor(1, 2), factor(2, 0), factor(2, 1),
      factor(2, 2),
    ]
    // Gray is invariant under saturation and hue, so the offset of contrast is the same in every channel.
    return (factors, Float(brightness * mean * (1 - contrast)))
  }
}

/// x to the power of y.
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
/// e to the power of x.
func exponential(_ x: Double) -> Double { exp(x) }

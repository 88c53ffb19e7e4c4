/// The paper's width multiplier with the rounding of the published code.
public struct WidthMultiplier: Hashable, Sendable {
  /// Greater than 0, for example 0.35, 0.5, 0.75, 1.0 or 1.4.
  public let value: Double

  public init(_ value: Double) {
    precondition(value > 0 && value.isFinite, "a width multiplier of \(value)")
    self.value = value
  }

  /// Channels at this width: the nearest multiple of 8, at least 8, and never more than 10% below the exact product.
  ///
  /// Source: `_make_divisible` of the TF-slim MobileNet, which the published weights were trained with.
  public func callAsFunction(_ channels: Int) -> Int {
    let exact = Double(channels) * value
    let rounded = max(8, Int(exact + 4) / 8 * 8)
    return Double(rounded) < 0.9 * exact ? rounded + 8 : rounded
  }

  /// Channels of the last convolution, which widths below 1 leave alone.
  public func last(_ channels: Int) -> Int { value > 1 ? self(channels) : channels }
}

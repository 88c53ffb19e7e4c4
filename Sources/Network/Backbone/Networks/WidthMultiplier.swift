/// The paper's width multiplier with the rounding of the published code.
public struct WidthMultiplier: Hashable, Sendable {
  /// Greater than 0, for example 0.35, 0.5, 0.75, 1.0 or 1.4.
  public let value: Double
  /// Channels between blocks are multiples of this: 8 in the published classifiers, 1 in DeepLab's slimmer networks.
  public let divisor: Int

  /// Creates a multiplier; `value` must be positive and finite, `divisor` at least 1.
  public init(_ value: Double, divisor: Int = 8) {
    precondition(value > 0 && value.isFinite && divisor > 0, "a width multiplier of \(value) in steps of \(divisor)")
    self.value = value
    self.divisor = divisor
  }

  /// Channels at this width: the nearest multiple of the divisor, at least 8, and never more than 10% below the exact
  /// product.
  public func callAsFunction(_ channels: Int) -> Int {
    WidthMultiplier.round(Double(channels) * value, to: divisor)
  }

  /// Channels of the last convolution, which widths below 1 do not change.
  package func last(_ channels: Int) -> Int { value > 1 ? self(channels) : channels }

  /// Channels inside a block: `expansion` times its input, a multiple of 8 whatever the divisor.
  public func expanded(_ inputs: Int, by expansion: Int) -> Int {
    expansion == 1 ? inputs : WidthMultiplier.round(Double(inputs * expansion), to: 8)
  }

  /// Source: `_make_divisible` of the TF-slim MobileNet, which the published weights were trained with.
  static func round(_ exact: Double, to divisor: Int) -> Int {
    let rounded = max(8, Int(exact + Double(divisor) / 2) / divisor * divisor)
    return Double(rounded) < 0.9 * exact ? rounded + divisor : rounded
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An axis: a range of numbers with ticks at round ones.
package struct Axis {
  /// A tick with its label.
  package struct Tick: Equatable {
    package let value: Double
    package let text: String
  }

  package let range: ClosedRange<Double>
  package let ticks: [Tick]
  /// Whether the scale is logarithmic.
  package let isLogarithmic: Bool

  /// Chooses steps of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameters:
  ///   - range: the range to cover.
  ///   - count: the greatest number of ticks, at least 2.
  ///   - widened: whether the range is widened to end at ticks.
  package init(_ range: ClosedRange<Double>, count: Int, widened: Bool) {
    isLogarithmic = false
    let range = Axis.proper(range)
    let wanted = (range.upperBound - range.lowerBound) / Double(max(count - 1, 1))
    var exponent = 0
    var power = 1.0
    while power * 10 <= wanted { (power, exponent) = (power * 10, exponent + 1) }
    while power > wanted { (power, exponent) = (power / 10, exponent - 1) }
    // 10 is the next power's 1.
    var mantissa = [1, 2, 5].first { Double($0) * power >= wanted * (1 - 1e-9) } ?? 10
    if mantissa == 10 { (mantissa, power, exponent) = (1, power * 10, exponent + 1) }
    let step = Double(mantissa) * power
    // A small tolerance, for bounds that are multiples up to their last bits.
    let low = range.lowerBound / step, high = range.upperBound / step
    let first = (widened ? (low + 1e-9).rounded(.down) : (low - 1e-9).rounded(.up))
    let last = (widened ? (high - 1e-9).rounded(.up) : (high + 1e-9).rounded(.down))
    guard first <= last, last - first < 1000, first.magnitude < 1e9, last.magnitude < 1e9 else {
      // The numbers are too close together for distinct ticks.
      self.range = range
      ticks = []
      return
    }
    ticks = (Int(first)...Int(last)).map {
      Tick(value: Double($0) * step, text: decimal($0 * mantissa, exponent: exponent))
    }
    self.range = widened ? Double(Int(first)) * step...Double(Int(last)) * step : range
  }

  /// A logarithmic axis with ticks at 1, 2 and 5 times the powers of ten, which ends at ticks.
  ///
  /// - Parameter range: the range to cover, of numbers above 0 with a ratio of at most 1e9.
  package init(logarithmic range: ClosedRange<Double>) {
    guard range.lowerBound > 0, range.upperBound < 1e9, range.upperBound / range.lowerBound <= 1e9 else {
      self.init(range, count: 6, widened: true)
      return
    }
    // A small tolerance, as above.
    let low = range.lowerBound * (1 + 1e-9), high = range.upperBound * (1 - 1e-9)
    var exponent = Int(log10(low).rounded(.down))
    var marks: [(value: Double, tick: Tick)] = []
    while marks.last.map({ $0.value < high }) ?? true || marks.count < 2 {
      for mantissa in [1, 2, 5] {
        let value = Double(mantissa) * pow(10, Double(exponent))
        // Only the last tick below the range is kept, as the lower end.
        if value <= low { marks.removeAll() }
        marks.append((value, Tick(value: value, text: decimal(mantissa, exponent: exponent))))
        if value >= high, marks.count > 1 { break }
      }
      exponent += 1
    }
    self.init(
      range: marks[0].value...marks[marks.count - 1].value, ticks: marks.map(\.tick), isLogarithmic: true)
  }

  private init(range: ClosedRange<Double>, ticks: [Tick], isLogarithmic: Bool) {
    self.range = range
    self.ticks = ticks
    self.isLogarithmic = isLogarithmic
  }

  /// A range with some extent, of numbers that can be drawn.
  private static func proper(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    guard range.lowerBound.isFinite, range.upperBound.isFinite else { return 0...1 }
    guard range.lowerBound == range.upperBound else { return range }
    let margin = max(range.lowerBound.magnitude * 0.1, 1e-6)
    return range.lowerBound - margin...range.upperBound + margin
  }

  /// The position of a number, in [0, 1] inside the range.
  package func place(_ value: Double) -> Double {
    guard isLogarithmic else { return (value - range.lowerBound) / (range.upperBound - range.lowerBound) }
    return log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
  }
}

/// `digits` times ten to the power of `exponent`, written out; with an exponent where that would be long.
package func decimal(_ digits: Int, exponent: Int) -> String {
  let sign = digits < 0 ? "-" : ""
  let text = "\(digits.magnitude)"
  if digits == 0 { return "0" }
  if exponent >= 6 || exponent < -6 {
    let figures = String(text.reversed().drop { $0 == "0" }.reversed())
    let rest = figures.dropFirst()
    return "\(sign)\(text.prefix(1))\(rest.isEmpty ? "" : "." + rest)e\(exponent + text.count - 1)"
  }
  if exponent >= 0 { return sign + text + String(repeating: "0", count: exponent) }
  let padded = String(repeating: "0", count: max(-exponent + 1 - text.count, 0)) + text
  return sign + padded.dropLast(-exponent) + "." + padded.suffix(-exponent)
}

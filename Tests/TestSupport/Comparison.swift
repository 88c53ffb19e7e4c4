/// The distance of two lists of numbers: relative to the larger expected magnitude, with a floor below which it is
/// absolute.
///
/// Print it on success too, so that the log shows the used part of a tolerance.
public struct Comparison: CustomStringConvertible, Sendable {
  /// The number of compared values.
  public let count: Int
  /// The largest `|found - expected| / max(|expected|, floor)`; infinite for a number that is not finite or another
  /// length.
  public let largestError: Float
  /// The index of the largest error.
  public let index: Int
  /// The two numbers at that index.
  public let found: Float
  public let expected: Float
  private let label: String

  /// Compares in order.
  ///
  /// - Parameters:
  ///   - label: the name of the values in messages.
  ///   - floor: the magnitude below which errors count as absolute errors divided by the floor.
  public init(_ label: String, found: [Float], expected: [Float], floor: Float) {
    precondition(floor > 0, "a floor of \(floor)")
    self.label = label
    count = expected.count
    guard found.count == expected.count else {
      (largestError, index) = (.infinity, min(found.count, expected.count))
      (self.found, self.expected) = (Float(found.count), Float(expected.count))
      return
    }
    var worst: (error: Float, index: Int) = (0, 0)
    for i in expected.indices {
      // Equal infinities are equal; any other number that is not finite is an infinite error.
      if found[i] == expected[i] { continue }
      var error = abs(found[i] - expected[i]) / max(abs(expected[i]), floor)
      if !error.isFinite { error = .infinity }
      if error > worst.error { worst = (error, i) }
    }
    (largestError, index) = worst
    self.found = found.isEmpty ? 0 : found[worst.index]
    self.expected = expected.isEmpty ? 0 : expected[worst.index]
  }

  /// Whether no error exceeds the tolerance.
  public func isWithin(_ tolerance: Float) -> Bool { largestError <= tolerance }

  public var description: String {
    "\(label): largest error \(largestError) of \(count) numbers, at \(index): \(found), expected \(expected)"
  }
}

extension Float {
  /// The number of representable steps to another number; `Int.max` if either is not finite.
  public func ulps(to other: Float) -> Int {
    guard isFinite, other.isFinite else { return self == other ? 0 : .max }
    return Swift.abs(orderedBits - other.orderedBits)
  }

  /// An integer that grows by one from each representable number to the next.
  private var orderedBits: Int {
    let bits = Int(Int32(bitPattern: bitPattern))
    return bits < 0 ? -Int(bitPattern & 0x7FFF_FFFF) : bits
  }
}

/// Milliseconds of some runs.
public struct Times {
  private let sorted: [Double]

  /// - Parameter times: at least one.
  public init(_ times: [Double]) { sorted = times.sorted() }

  public var count: Int { sorted.count }
  public var min: Double { sorted[0] }
  public var median: Double { (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 }
  public var max: Double { sorted[count - 1] }

  /// For records.
  public var fields: [String] { [min, median, max].map { fixed($0, 4) } }

  /// Billions of operations in a second, where a run has so many.
  public func rate(_ operations: Int) -> Double { Double(operations) / median / 1e6 }
}

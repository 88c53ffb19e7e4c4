/// The durations of some runs in milliseconds.
public struct Times {
  private let sorted: [Double]

  /// - Parameter times: at least one duration.
  public init(_ times: [Double]) { sorted = times.sorted() }

  public var count: Int { sorted.count }
  public var min: Double { sorted[0] }
  public var median: Double { (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 }
  public var max: Double { sorted[count - 1] }

  /// Minimum, median and maximum as fields of a record.
  public var fields: [String] { [min, median, max].map { fixed($0, 4) } }

  /// Billions of operations per second at the median duration.
  ///
  /// - Parameter operations: the number of operations of a run.
  public func rate(_ operations: Int) -> Double { Double(operations) / median / 1e6 }
}

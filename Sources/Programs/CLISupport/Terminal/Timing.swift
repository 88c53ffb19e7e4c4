#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The output of `--timing` on standard error: a line of steps for each model and picture, and one for the whole
/// process.
public struct Timing: Sendable {
  /// The start of the process on the clock of `Stopwatch.now`.
  ///
  /// No system provides it exactly. The processor time before `main` is nearly all of the time that has passed since.
  private static let began = Stopwatch.now - processorMilliseconds

  private let console: Console?
  /// The time from the process's start to this value's creation: loading the program and parsing its arguments.
  private let start: Double
  private var accounted: Double
  /// The part of the steps' time that ran in parallel.
  private var saved = 0.0

  /// - Parameter options: without their flag nothing is written.
  public init(_ options: RunOptions, on console: Console) {
    self.console = options.timing ? console : nil
    start = Stopwatch.now - Timing.began
    accounted = start
  }

  /// Records the start of the process; to be called first.
  static func begin() { _ = began }

  /// Writes the steps of a model or a picture.
  public mutating func note(_ subject: String, _ watch: Stopwatch) {
    accounted += watch.milliseconds
    console?.note("timing: \(subject): \(watch.summary)")
  }

  /// Records steps that ran in parallel, and the time until the last of them had ended.
  public mutating func overlap(_ watches: [Stopwatch], took: Double) {
    overlap(watches.reduce(0) { $0 + $1.milliseconds }, took: took)
  }

  /// The same, with the sum of the steps' milliseconds.
  public mutating func overlap(_ milliseconds: Double, took: Double) { saved += milliseconds - took }

  /// The start-up time and the steps so far, in milliseconds.
  public var told: Double { accounted }

  /// Writes the duration of the process and the part of it that belongs to no step.
  public func end() {
    let total = Stopwatch.now - Timing.began
    var parts = [("start", start), ("other", total + saved - accounted), ("total", total)]
    if saved > 0.05 { parts.insert(("at once", -saved), at: 2) }
    console?.note("timing: process: " + parts.map { "\($0.0) \(fixed($0.1, 1)) ms" }.joined(separator: ", "))
  }

  private static var processorMilliseconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
  }
}

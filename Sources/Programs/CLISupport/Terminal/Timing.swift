#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What `--timing` says on standard error: a line of steps for each model and picture, and one for the whole process.
public struct Timing: Sendable {
  /// When the process started, on the clock of `Stopwatch.now`.
  ///
  /// No system tells it exactly; what the process has computed before `main` is nearly all that passed since then.
  private static let began = Stopwatch.now - processorMilliseconds

  private let console: Console?
  /// From the process's start until this was made: loading the program, and reading its arguments.
  private let start: Double
  private var accounted: Double
  /// Less time than the steps say, since some of them ran at once.
  private var saved = 0.0

  /// - Parameter options: nothing is said without their flag.
  public init(_ options: RunOptions, on console: Console) {
    self.console = options.timing ? console : nil
    start = Stopwatch.now - Timing.began
    accounted = start
  }

  /// Takes the time of the start; to be called first of all.
  static func begin() { _ = began }

  /// Tells the steps of a model or a picture.
  public mutating func note(_ subject: String, _ watch: Stopwatch) {
    accounted += watch.milliseconds
    console?.note("timing: \(subject): \(watch.summary)")
  }

  /// Takes note of steps that ran at once, and how long it took until the last of them had ended.
  public mutating func overlap(_ watches: [Stopwatch], took: Double) {
    overlap(watches.reduce(0) { $0 + $1.milliseconds }, took: took)
  }

  /// The same of so many milliseconds of steps.
  public mutating func overlap(_ milliseconds: Double, took: Double) { saved += milliseconds - took }

  /// What the steps told so far took.
  public var told: Double { accounted }

  /// Tells how long the process has run, and how much of that belongs to no step.
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

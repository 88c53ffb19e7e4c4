#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The durations of the steps of a piece of work.
public struct Stopwatch: Sendable {
  private var last = Stopwatch.now
  /// The steps with their milliseconds, in order.
  public private(set) var laps: [(name: String, milliseconds: Double)] = []

  public init() {}

  /// Ends a step.
  ///
  /// A name that occurred before adds to its step, as with the network's steps of each view of a picture.
  public mutating func lap(_ name: String) {
    let now = Stopwatch.now
    if let index = laps.firstIndex(where: { $0.name == name }) {
      laps[index].milliseconds += now - last
    } else {
      laps.append((name, now - last))
    }
    last = now
  }

  /// Starts the next step now; the time since the last one belongs to no step.
  public mutating func resume() { last = Stopwatch.now }

  /// The sum of all steps.
  public var milliseconds: Double { laps.reduce(0) { $0 + $1.milliseconds } }

  /// "read 4.1 ms, detect 12.0 ms".
  public var summary: String { laps.map { "\($0.name) \(fixed($0.milliseconds, 1)) ms" }.joined(separator: ", ") }

  /// The milliseconds of a monotonic clock.
  public static var now: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
  }
}

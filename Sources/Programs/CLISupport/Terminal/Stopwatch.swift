#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Times the steps of a piece of work.
public struct Stopwatch: Sendable {
  private var last = Stopwatch.now
  /// Steps with their milliseconds, in order.
  public private(set) var laps: [(name: String, milliseconds: Double)] = []

  public init() {}

  /// Ends a step; one that ended before goes on, as the network's do for each view of a picture.
  public mutating func lap(_ name: String) {
    let now = Stopwatch.now
    if let index = laps.firstIndex(where: { $0.name == name }) {
      laps[index].milliseconds += now - last
    } else {
      laps.append((name, now - last))
    }
    last = now
  }

  /// Begins the next step now; the time since the last one belongs to no step.
  public mutating func resume() { last = Stopwatch.now }

  /// All steps together.
  public var milliseconds: Double { laps.reduce(0) { $0 + $1.milliseconds } }

  /// "read 4.1 ms, detect 12.0 ms".
  public var summary: String { laps.map { "\($0.name) \(fixed($0.milliseconds, 1)) ms" }.joined(separator: ", ") }

  /// Milliseconds of a clock that never jumps.
  public static var now: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
  }
}

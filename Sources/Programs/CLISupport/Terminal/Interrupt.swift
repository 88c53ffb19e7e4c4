import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The handling of SIGINT and SIGTERM: they end the program at once with status 130 or 143, but never in the middle of
/// an output.
///
/// The current picture is dropped. An output in progress is finished first, so no partial line and no temporary file is
/// left behind. A second signal ends the program without waiting. A batch reports how many inputs are done.
public enum Interrupt {
  private enum Phase {
    static let open = 0, shielded = 1, ending = 2
    /// The phase of a signal that waits for the end of the shield: this plus its number.
    static let pending = 16
  }

  private static let phase = Atomic<Int>(Phase.open)

  /// Installs the handlers; a signal that the parent process ignores stays ignored.
  public static func listen() {
    // A file that would exceed the file size limit (`ulimit -f`) is an error like a full disk, not the end of the
    // program.
    _ = signal(SIGXFSZ, SIG_IGN)
    // Initialised before the first signal, so that the handler only accesses memory.
    _ = phase.load(ordering: .relaxed)
    _ = Tally.end()
    for number in [SIGINT, SIGTERM] {
      let before = signal(number, SIG_IGN)
      if unsafe unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
      _ = signal(number) { Interrupt.arrived($0) }
    }
  }

  /// Runs an output that a signal must not interrupt.
  public static func shielded<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let (entered, found) = phase.compareExchange(
      expected: Phase.open, desired: Phase.shielded, ordering: .sequentiallyConsistent)
    // An outer shield handles the signal at its end.
    if !entered && found != Phase.ending { return try body() }
    if !entered { while true { pause() } }
    defer {
      let left = phase.compareExchange(
        expected: Phase.shielded, desired: Phase.open, ordering: .sequentiallyConsistent)
      if !left.exchanged { end(Int32(left.original - Phase.pending)) }
    }
    return try body()
  }

  /// Whether a signal waits for the end of the shield, so that long work inside can end early and clean up.
  public static var isPending: Bool { phase.load(ordering: .relaxed) >= Phase.pending }

  /// The signal handler.
  ///
  /// It uses atomics, `write` and `_exit` only, which are async-signal-safe.
  private static func arrived(_ number: Int32) {
    var found = phase.load(ordering: .sequentiallyConsistent)
    while true {
      let next = found == Phase.shielded ? Phase.pending + Int(number) : Phase.ending
      let result = phase.compareExchange(expected: found, desired: next, ordering: .sequentiallyConsistent)
      if result.exchanged {
        if next == Phase.ending { end(number) }
        return
      }
      found = result.original
    }
  }

  private static func end(_ number: Int32) -> Never {
    Tally.tellOfSignal()
    _exit(128 + number)
  }
}

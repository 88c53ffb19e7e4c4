import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The counts of a batch for its final line, after the last input, a failure that stops the batch, or a signal.
///
/// The counts are atomic and the text is made beforehand, since a signal handler may neither wait nor allocate.
enum Tally {
  private static let total = Atomic<Int>(0)
  private static let done = Atomic<Int>(0)
  private static let failed = Atomic<Int>(0)
  /// The address and the length of the text at the beginning of the line after a signal; it is never freed.
  private static let words = Atomic<UInt>(0)
  private static let wordsCount = Atomic<Int>(0)

  /// Begins to count; a single input has no count.
  ///
  /// - Parameters:
  ///   - before: the numbers of an earlier run.
  ///   - lead: what is written in front of the line after a signal.
  static func begin(_ count: Int, program: String, before: (done: Int, failed: Int), lead: String) {
    done.store(before.done, ordering: .relaxed)
    failed.store(before.failed, ordering: .relaxed)
    let text = Array("\(lead)\(program): stopped by a signal: ".utf8)
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.count)
    _ = unsafe bytes.initialize(from: text)
    wordsCount.store(text.count, ordering: .relaxed)
    words.store(UInt(bitPattern: bytes.baseAddress!), ordering: .relaxed)
    total.store(count > 1 ? count : 0, ordering: .sequentiallyConsistent)
  }

  static func countDone() { done.add(1, ordering: .sequentiallyConsistent) }

  static func countFailure() { failed.add(1, ordering: .sequentiallyConsistent) }

  /// Ends counting.
  ///
  /// - Returns: "3 done, 1 failed", with unprocessed inputs as "2 skipped"; `nil` for a single input.
  static func end() -> String? {
    let total = total.exchange(0, ordering: .sequentiallyConsistent)
    guard total > 0 else { return nil }
    let (done, failed) = (done.load(ordering: .relaxed), failed.load(ordering: .relaxed))
    let skipped = total - done - failed
    return "\(done) done, \(failed) failed" + (skipped > 0 ? ", \(skipped) skipped" : "")
  }

  /// Writes the line after a signal to standard error; nothing if no batch runs.
  ///
  /// For signal handlers.
  static func tellOfSignal() {
    let total = total.load(ordering: .sequentiallyConsistent)
    guard total > 0, let begin = unsafe UnsafePointer<UInt8>(bitPattern: words.load(ordering: .relaxed)) else { return }
    let (done, failed) = (done.load(ordering: .relaxed), failed.load(ordering: .relaxed))
    var line = Line()
    for index in 0..<wordsCount.load(ordering: .relaxed) { line.put(unsafe begin[index]) }
    line.put(done)
    line.put(" done, ")
    line.put(failed)
    line.put(" failed, ")
    line.put(total - done - failed)
    line.put(" skipped\n")
    line.write()
  }

  /// A line of text on the stack.
  private struct Line {
    private var bytes = [160 of UInt8](repeating: 0)
    private var count = 0

    mutating func put(_ byte: UInt8) {
      guard count < bytes.count else { return }
      bytes[count] = byte
      count += 1
    }

    mutating func put(_ text: StaticString) {
      for index in 0..<text.utf8CodeUnitCount { put(unsafe text.utf8Start[index]) }
    }

    mutating func put(_ number: Int) {
      var divisor = 1
      while number / divisor > 9 { divisor *= 10 }
      while divisor > 0 {
        put(UInt8(ascii: "0") + UInt8(number / divisor % 10))
        divisor /= 10
      }
    }

    func write() {
      let span = bytes.span
      unsafe span.withUnsafeBytes { bytes in
        #if canImport(Glibc)
          _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, count)
        #elseif canImport(Musl)
          _ = unsafe Musl.write(STDERR_FILENO, bytes.baseAddress, count)
        #else
          _ = unsafe Darwin.write(STDERR_FILENO, bytes.baseAddress, count)
        #endif
      }
    }
  }
}

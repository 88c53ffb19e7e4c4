import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program's standard streams: results on standard output, everything else on standard error, one line each.
public struct Console: Sendable {
  /// The name that begins each line on standard error.
  public let program: String

  public init(program: String) { self.program = program }

  /// Writes a result and hands it to the reader at once.
  ///
  /// - Throws: `Failure` with status `output`. A reader that has gone (`| head`) ends the program quietly instead.
  public func write(_ text: String) throws(Failure) {
    guard let code = Interrupt.shielded({ put(text, on: STDOUT_FILENO) }) else { return }
    if code == EPIPE { Console.endQuietly() }
    throw Failure(
      .output, "standard output: cannot write: \(FileError.reason(code)); check the free space and where it goes",
      stops: true)
  }

  /// Writes a line about something that went wrong, or about what was done, to standard error.
  public func note(_ message: String) { _ = put("\(program): \(message.onOneLine)\n", on: STDERR_FILENO) }

  /// Replaces the cursor's line on standard error, without a line break.
  func rewriteLine(_ text: String) { _ = put("\r\u{1b}[K" + text.onOneLine, on: STDERR_FILENO) }

  /// How many characters a line of standard error's terminal has; `nil` where it is none that can rewrite a line.
  static func terminalColumns() -> Int? {
    guard isatty(STDERR_FILENO) == 1, Environment.value("TERM") != "dumb" else { return nil }
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes all of the text, or returns the error number.
  private func put(_ text: String, on descriptor: Int32) -> Int32? {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { unsafe Self.write(descriptor, $0, from: done) }
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += written
    }
    return nil
  }

  @unsafe private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    #if canImport(Glibc)
      unsafe Glibc.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
    #elseif canImport(Musl)
      unsafe Musl.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
    #else
      unsafe Darwin.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
    #endif
  }

  /// Ends as if the signal for a closed pipe had been left to its default.
  private static func endQuietly() -> Never {
    _ = signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    _exit(128 + SIGPIPE)
  }
}

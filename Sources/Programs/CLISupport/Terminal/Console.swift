import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program's standard streams: results on standard output, everything else on standard error, a line for each
/// message.
public struct Console: Sendable {
  /// The program's name, the prefix of each line on standard error.
  public let program: String

  /// The file of the results instead of standard output.
  private let file: AppendedFile?

  public init(program: String) { self.init(program: program, file: nil) }

  private init(program: String, file: AppendedFile?) { (self.program, self.file) = (program, file) }

  /// The same console with its results at the end of a file.
  func writing(to file: AppendedFile) -> Console { Console(program: program, file: file) }

  /// Whether results and a line of progress on standard error would be on the same terminal.
  var resultsAreOnTerminal: Bool { file == nil && isatty(STDOUT_FILENO) == 1 }

  /// Writes a result, unbuffered.
  ///
  /// - Throws: `Failure` with status `output`. If the reader has closed the pipe (`| head`), the program ends quietly
  ///   instead.
  public func write(_ text: String) throws(Failure) {
    guard let code = Interrupt.shielded({ put(text, on: file?.descriptor ?? STDOUT_FILENO) }) else { return }
    if code == EPIPE { Console.endQuietly() }
    throw Failure(
      .output,
      "\(file?.path ?? "standard output"): cannot write: \(FileError.reason(code)); check the free space and where it goes",
      stops: true)
  }

  /// Writes a message to standard error, about a failure or about progress.
  public func note(_ message: String) { _ = put("\(program): \(message.onOneLine)\n", on: STDERR_FILENO) }

  /// Replaces the cursor's line on standard error, without a line break.
  func rewriteLine(_ text: String) { _ = put("\r\u{1b}[K" + text.onOneLine, on: STDERR_FILENO) }

  /// The width in characters of standard error's terminal; `nil` if it is not a terminal that can rewrite a line.
  static func terminalColumns() -> Int? {
    guard isatty(STDERR_FILENO) == 1, Environment.value("TERM") != "dumb" else { return nil }
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes the whole text.
  ///
  /// - Returns: the error number of a failure.
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

  /// Ends the program by SIGPIPE, as the signal's default action does.
  private static func endQuietly() -> Never {
    _ = signal(SIGPIPE, SIG_DFL)
    raise(SIGPIPE)
    _exit(128 + SIGPIPE)
  }
}

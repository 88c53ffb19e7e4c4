import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program of this package as a child process.
final class Child {
  /// The destination of its standard output.
  enum Output {
    /// Captured in `Ending.bytes`.
    case captured
    /// A pipe that `readLine()` reads.
    case piped
    /// A pipe whose reader has closed it.
    case abandoned
    /// None: the program starts without a standard output.
    case closed
    case file(String)
  }

  /// The seconds after which a child counts as hung and is killed.
  private static let patience = 60.0
  /// The prefix of the names of the streams' files.
  static let prefix = ".std-"

  let process: pid_t
  private var ended = false
  private var reader: Int32 = -1
  /// The part of a piped output that was read but not returned yet.
  private var unread: ArraySlice<UInt8> = []
  private var writer: Int32 = -1
  private let captured: String?
  private let errors: String

  /// Starts a program in a workplace, with the workplace's folder of models and the workplace as home folder.
  ///
  /// - Parameters:
  ///   - environment: variables to set, or with `nil` to remove.
  ///   - input: the text on standard input; without it the input is sent by `write`, or empty.
  ///   - script: a shell script for starting the program; `"$@"` is the program with its arguments.
  init(
    _ program: Program, _ arguments: [String], in work: Workplace, environment: [String: String?] = [:],
    input: String? = nil, output: Output = .captured, script: String = "exec \"$@\""
  ) throws {
    let path = try program.path()
    let name = "\(work.path)/\(Child.prefix)\(UInt64.random(in: 0 ... .max))"
    errors = name + ".err"
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let create = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, create, 0o600)

    var theirs: [Int32] = []
    if let input {
      try Data(input.utf8).write(to: URL(fileURLWithPath: name + ".in"))
      unsafe posix_spawn_file_actions_addopen(&actions, 0, name + ".in", O_RDONLY, 0)
    } else {
      let ends = try Child.pipe(name + ".in")
      (theirs, writer) = ([ends.read], ends.write)
      unsafe posix_spawn_file_actions_adddup2(&actions, ends.read, 0)
    }
    switch output {
    case .captured: unsafe posix_spawn_file_actions_addopen(&actions, 1, name + ".out", create, 0o600)
    case .closed: unsafe posix_spawn_file_actions_addclose(&actions, 1)
    case .file(let path): unsafe posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY, 0)
    case .abandoned, .piped:
      let ends = try Child.pipe(name + ".out")
      theirs.append(ends.write)
      unsafe posix_spawn_file_actions_adddup2(&actions, ends.write, 1)
      if case .piped = output { reader = ends.read } else { close(ends.read) }
    }
    if case .captured = output { captured = name + ".out" } else { captured = nil }

    // A test run in the background ignores some signals, and the test threads block all of them; children inherit both.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var variables = ProcessInfo.processInfo.environment
    variables["HOME"] = work.path
    variables["XDG_DATA_HOME"] = nil
    variables["BACKBONE_MODELS"] = work.models
    for (name, value) in environment { variables[name] = value }
    // The shell changes the folder, which is not possible everywhere otherwise, and then becomes the program.
    let shell = ["/bin/sh", "-c", "cd \"$0\" || exit 126; \(script)", work.here, path]
    let process = unsafe Child.withStrings(shell + arguments) { argv in
      unsafe Child.withStrings(variables.map { "\($0.key)=\($0.value)" }) { envp in
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, shell[0], &actions, &attributes, argv, envp)
        return code == 0 ? process : -code
      }
    }
    for end in theirs { close(end) }
    self.process = process
    try #require(process > 0, "\(path): cannot be started: error \(-process)")
  }

  deinit {
    // The test ended without waiting for it.
    if !ended {
      send(SIGKILL)
      waitpid(process, nil, 0)
    }
    for end in [reader, writer] where end >= 0 { close(end) }
  }

  /// A pipe whose ends no child inherits, not even a child that another test starts at the same moment.
  private static func pipe(_ name: String) throws -> (read: Int32, write: Int32) {
    try #require(unsafe mkfifo(name, 0o600) == 0)
    defer { unsafe unlink(name) }
    // Opened without waiting for the other end, which is opened next.
    let read = unsafe open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    let write = unsafe open(name, O_WRONLY | O_CLOEXEC)
    try #require(read >= 0 && write >= 0 && fcntl(read, F_SETFL, 0) == 0)
    return (read, write)
  }

  @unsafe private static func withStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress!) }
  }

  /// Reads a line of a piped output, without its line end; `nil` at the end of the output.
  func readLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = unread[(end + 1)...] }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      guard readMore() else { return unread.isEmpty ? nil : String(decoding: unread, as: UTF8.self) }
    }
  }

  /// Reads more of the output.
  ///
  /// - Returns: whether there was any.
  private func readMore() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(reader, $0.baseAddress, $0.count) }
    unread += buffer.prefix(max(count, 0))
    return count > 0
  }

  /// Writes text to its standard input.
  func write(_ text: String) throws {
    try write(bytes: Array(text.utf8))
  }

  /// Writes bytes to its standard input.
  func write(bytes: [UInt8]) throws {
    let count = unsafe bytes.withUnsafeBytes { bytes in
      #if canImport(Glibc)
        unsafe Glibc.write(writer, bytes.baseAddress, bytes.count)
      #elseif canImport(Musl)
        unsafe Musl.write(writer, bytes.baseAddress, bytes.count)
      #else
        unsafe Darwin.write(writer, bytes.baseAddress, bytes.count)
      #endif
    }
    try #require(count == bytes.count)
  }

  /// Sends a signal.
  func send(_ signal: Int32) { kill(process, signal) }

  /// Stops reading a piped output, as `head` does.
  func stopReading() {
    close(reader)
    reader = -1
  }

  #if os(Linux)
    /// The peak of its resident memory in bytes since it became the program; it must still be running.
    func peakBytes() throws -> Int {
      let status = String(
        decoding: try Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/status")), as: UTF8.self)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }) * 1024
    }
  #endif

  /// Closes its standard input and waits for its end; the rest of a piped output becomes part of the result.
  ///
  /// - Parameter silently: whether its standard input stays open without any data.
  func wait(silently: Bool = false) throws -> Ending {
    if writer >= 0, !silently {
      close(writer)
      writer = -1
    }
    if reader >= 0 { while readMore() {} }
    var status: Int32 = 0
    var waited = 0.0
    while unsafe waitpid(process, &status, WNOHANG) == 0 {
      usleep(1000)
      waited += 0.001
      if waited > Child.patience { send(SIGKILL) }
    }
    ended = true
    func contents(_ path: String) throws -> [UInt8] {
      defer { unsafe unlink(path) }
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    return Ending(
      status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f,
      bytes: try captured.map { try contents($0) } ?? Array(unread),
      errors: String(decoding: try contents(errors), as: UTF8.self))
  }
}

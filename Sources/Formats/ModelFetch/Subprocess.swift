import Files

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

/// The only place of this package that starts another process; it waits for its end.
package enum Subprocess {
  /// The result of a process.
  package struct Result: Equatable {
    /// The exit status; 128 plus the signal's number for a killed process.
    package let status: Int32
    /// The beginning of its standard output and standard error.
    package let output: String
  }

  /// Runs a program found in `PATH`, without a shell and with an empty standard input.
  ///
  /// - Returns: `nil` if there is no such program or it cannot be started.
  package static func run(_ arguments: [String]) -> Result? {
    var ends: [2 of Int32] = [-1, -1]
    guard
      unsafe withUnsafeMutableBytes(of: &ends, { unsafe pipe($0.baseAddress!.assumingMemoryBound(to: Int32.self)) })
        == 0
    else { return nil }
    defer { close(ends[0]) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    let process = start(arguments, output: ends[1], unused: ends[0])
    close(ends[1])
    guard let process else { return nil }
    let output = readAll(ends[0])
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 { if errno != EINTR { return nil } }
    let signal = status & 0x7f
    let code = signal == 0 ? status >> 8 & 0xff : 128 + signal
    // The C library may report a missing program by this status instead of an error.
    return code == 127 && output.isEmpty ? nil : Result(status: code, output: output)
  }

  private static func start(_ arguments: [String], output: Int32, unused: Int32) -> pid_t? {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = unsafe posix_spawn_file_actions_t()
    #endif
    guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return nil }
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
    unsafe posix_spawn_file_actions_addclose(&actions, output)
    let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
    var process: pid_t = 0
    let started = unsafe withCStrings(arguments) { argv in
      unsafe withCStrings(environment) { envp in
        unsafe posix_spawnp(&process, arguments[0], &actions, nil, argv, envp)
      }
    }
    return started == 0 ? process : nil
  }

  /// An array of C strings with `NULL` at its end, as `posix_spawnp` expects it.
  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var copies = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeMutableBufferPointer { unsafe body(UnsafePointer($0.baseAddress!)) }
  }

  /// Reads to the end, so that the process is never blocked by a full pipe, and keeps the first 64 KB.
  private static func readAll(_ descriptor: Int32) -> String {
    var kept: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      if kept.count < 1 << 16 { kept += buffer[..<count] }
    }
    return String(decoding: kept, as: UTF8.self)
  }
}

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

/// One of the programs under test.
enum Program: String, CaseIterable, Sendable {
  case detect, segment, backbone
  case paperTables = "paper-tables"

  /// Those that are installed.
  static let allCases: [Program] = [.detect, .segment, .backbone]

  /// The folder that the test bundle was built in, where the programs are too.
  static let folder: String = {
    #if canImport(Darwin)
      // The bundle is loaded by a helper of the toolchain; its name is among the arguments.
      let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
      return bundle.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    #else
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let length = unsafe buffer.withUnsafeMutableBytes {
        unsafe readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
      }
      let path = String(decoding: buffer.prefix(max(length, 0)), as: UTF8.self)
      return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    #endif
  }()

  /// The built program; a test fails where it is missing.
  func path() throws -> String {
    let path = "\(Program.folder)/\(rawValue)"
    try #require(
      FileManager.default.isExecutableFile(atPath: path), "\(path): is not built; run `swift build` as for the tests")
    return path
  }
}

/// How a program ended, and what it said.
struct Ending {
  /// The exit status as a shell gives it: 128 and the signal's number for a program that was killed.
  let status: Int32
  let bytes: [UInt8]
  /// Standard error.
  let errors: String

  /// Standard output.
  var output: String { String(decoding: bytes, as: UTF8.self) }
  var errorLines: [String] {
    errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }
}

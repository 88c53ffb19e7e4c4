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

/// A program under test.
enum Program: String, CaseIterable, Sendable {
  case detect, segment, backbone
  case paperTables = "paper-tables"

  /// The installed programs.
  static let allCases: [Program] = [.detect, .segment, .backbone]

  /// The folder of the test bundle and the built programs.
  static let folder: String = {
    #if canImport(Darwin)
      // A helper of the toolchain loads the bundle; the bundle's path is among the arguments.
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

  /// The path of the built program; a test fails if it is missing.
  func path() throws -> String {
    let path = "\(Program.folder)/\(rawValue)"
    try #require(
      FileManager.default.isExecutableFile(atPath: path), "\(path): is not built; run `swift build` as for the tests")
    return path
  }
}

/// The end of a program, with its outputs.
struct Ending {
  /// The exit status as in a shell: 128 plus the signal's number for a killed program.
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

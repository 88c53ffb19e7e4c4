import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The README's Swift code equals that of `Snippets`, which are compiled and run.
@Suite struct ReadmeTests {
  private static func lines(_ path: String) throws -> [String] {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(TestData.packageRoot)/\(path)"))
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
  }

  @Test func everySnippetIsCompiled() throws {
    func dense(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    let files = try FileManager.default.contentsOfDirectory(atPath: TestData.packageRoot + "/Snippets")
    let compiled = dense(try files.flatMap { try Self.lines("Snippets/\($0)") }.joined())
    let readme = try Self.lines("README.md")
    let first = try #require(readme.firstIndex(of: "## The library"))
    let end = try #require(readme.firstIndex(of: "## Models"))
    let snippets = readme[first..<end].filter { $0.hasPrefix("    ") }
    #expect(snippets.count > 30)
    for line in snippets where !compiled.contains(dense(line)) { Issue.record("not compiled: \(line)") }
  }
}

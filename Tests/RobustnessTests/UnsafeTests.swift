import ModelFetch
import TestSupport
import Testing

/// Readers of files from strangers touch raw memory in the few files that are named in the script, and nowhere else.
@Suite struct UnsafeTests {
  @Test func readersAreSafe() throws {
    let result = try #require(Subprocess.run(["sh", "\(TestData.packageRoot)/Tests/unsafe-count.sh"]))
    #expect(result.status == 0 && result.output.contains("in all"), "\(result.output)")
  }
}

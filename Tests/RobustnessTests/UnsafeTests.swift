import ModelFetch
import TestSupport
import Testing

/// Readers of untrusted files access raw memory only in the few files that the script lists.
@Suite struct UnsafeTests {
  @Test func readersAreSafe() throws {
    let result = try #require(Subprocess.run(["sh", "\(TestData.packageRoot)/Tests/unsafe-count.sh"]))
    #expect(result.status == 0 && result.output.contains("in all"), "\(result.output)")
  }
}

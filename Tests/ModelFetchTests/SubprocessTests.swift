import ModelFetch
import Testing

@Suite struct SubprocessTests {
  @Test func statusAndOutputAreHandedOn() throws {
    let result = try #require(Subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"]))
    #expect(result.status == 3)
    #expect(result.output == "out\nerr\n")
    #expect(Subprocess.run(["true"])?.status == 0)
  }

  @Test func aProgramThatIsNotThereIsNone() {
    #expect(Subprocess.run(["no-program-of-this-name"]) == nil)
    #expect(Subprocess.run(["/nonexistent/program"]) == nil)
  }

  @Test func argumentsNeedNoQuoting() throws {
    #expect(Subprocess.run(["printf", "%s|", "a b", "$HOME", "'\"*", "", "ä\n"])?.output == "a b|$HOME|'\"*||ä\n|")
  }

  @Test func aSignalIsAStatusToo() {
    #expect(Subprocess.run(["sh", "-c", "kill -KILL $$"])?.status == 137)
  }

  @Test func standardInputIsEmptyAndLongOutputDoesNotBlock() throws {
    #expect(Subprocess.run(["cat"])?.output == "")
    let result = try #require(Subprocess.run(["sh", "-c", "yes 0123456789 | head -c 1000000"]))
    #expect(result.status == 0)
    #expect(result.output.utf8.count < 80_000)
  }

  @Test func theEnvironmentIsPassedOn() throws {
    #expect(try #require(Subprocess.run(["sh", "-c", "echo ${PATH:+set}"])).output == "set\n")
  }
}

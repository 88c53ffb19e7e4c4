import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Failing standard streams, and signals in the middle of a batch.
@Suite struct StreamTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private static let commands: [(Program, String)] = [
    (.detect, "a.png b.png --model % --format ndjson"), (.segment, "a.png --model % --out m.png"),
    (.backbone, "profile"), (.backbone, "models"), (.backbone, "--help"), (.detect, "--help"),
    (.backbone, "features --tap list --random-init"),
    (.backbone, "bench classify --random-init --runs 1 --size 33 --csv"), (.backbone, "profile --json"),
  ]

  @Test("a closed pipe ends a program quietly, as usual", arguments: commands)
  func abandoned(program: Program, line: String) throws {
    let ending = try work.run(program, [String](words: line, of: program), output: .abandoned)
    #expect(ending.status == 128 + SIGPIPE && ending.errors.isEmpty, "\(ending.errors)")
  }

  @Test("results that cannot be written are an output failure", arguments: commands)
  func full(program: Program, line: String) throws {
    let arguments = [String](words: line, of: program)
    let full = try work.run(program, arguments, output: .file("/dev/full"))
    // A batch writes how many inputs are done.
    let count = line.hasPrefix("a.png b.png") ? 2 : 1
    #expect(full.status == 4 && full.errorLines.count == count, "\(full.errors)")
    #expect(count == 1 || full.errorLines.last == "\(program.rawValue): 0 done, 0 failed, 2 skipped")
    #expect(full.errors.hasPrefix("\(program.rawValue): standard output: cannot write: No space left on device; check"))
    let closed = try work.run(program, arguments, output: .closed)
    #expect(closed.status == 4 && closed.errorLines.count == count, "\(closed.errors)")
    #expect(closed.errors.hasPrefix("\(program.rawValue): standard output: cannot write: Bad file descriptor; check"))
  }

  @Test("a pipe closed after the first line ends a batch quietly, and its files are whole", arguments: 0..<5)
  func head(_: Int) throws {
    let names = (0..<300).map { ["a.png", "b.png", "c.png"][$0 % 3] }
    let child = try Child(
      .detect, names + [String](words: "--model % --format ndjson --out out/", of: .detect), in: work, output: .piped)
    #expect(child.readLine() != nil)
    child.stopReading()
    let ending = try child.wait()
    #expect(ending.status == 128 + SIGPIPE && ending.errors.isEmpty, "\(ending.errors)")
    let made = try work.contents().keys.filter { $0.hasPrefix("here/out/") }
    #expect((1..<300).contains(made.count))
    for name in made { _ = try work.read(String(name.dropFirst("here/".count))) }
  }

  @Test("--timing writes to standard error only")
  func timing() throws {
    let plain = try work.run(.detect, "a.png", "--model", "tiny-detector")
    let timed = try work.run(.detect, "a.png", "--model", "tiny-detector", "--timing")
    #expect(timed.output == plain.output && plain.errors.isEmpty)
    // A line for the model, one for the picture, and one for the process.
    #expect(timed.errorLines.count == 3)
    #expect(timed.errors.contains("timing: tiny-detector: ") && timed.errors.contains("timing: a.png: "))
    #expect(timed.errorLines.allSatisfy { $0.hasPrefix("detect: timing: ") && $0.contains(" ms") })
  }
}

import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Standard streams that fail, and signals in the middle of a batch.
@Suite struct StreamTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private static let commands: [(Program, String)] = [
    (.detect, "a.png b.png --model % --format ndjson"), (.segment, "a.png --model % --out m.png"),
    (.backbone, "profile"), (.backbone, "models"), (.backbone, "--help"), (.detect, "--help"),
    (.backbone, "features --tap list --random-init"),
  ]

  @Test("a reader that has gone ends a program quietly, as it ends any other", arguments: commands)
  func abandoned(program: Program, line: String) throws {
    let ending = try work.run(program, [String](words: line, of: program), output: .abandoned)
    #expect(ending.status == 128 + SIGPIPE && ending.errors.isEmpty, "\(ending.errors)")
  }

  @Test("results that cannot be written are an output failure", arguments: commands)
  func full(program: Program, line: String) throws {
    let arguments = [String](words: line, of: program)
    let full = try work.run(program, arguments, output: .file("/dev/full"))
    #expect(full.status == 4 && full.errorLines.count == 1, "\(full.errors)")
    #expect(full.errors.hasPrefix("\(program.rawValue): standard output: cannot write: No space left on device; check"))
    let closed = try work.run(program, arguments, output: .closed)
    #expect(closed.status == 4 && closed.errorLines.count == 1, "\(closed.errors)")
    #expect(closed.errors.hasPrefix("\(program.rawValue): standard output: cannot write: Bad file descriptor; check"))
  }

  @Test("a signal ends a batch: whole lines, whole files, no temporary ones", arguments: [SIGINT, SIGTERM], 0..<12)
  func signals(number: Int32, delay: Int) throws {
    let names = (0..<300).map { ["a.png", "b.png", "c.png"][$0 % 3] }
    let child = try Child(
      .detect, names + [String](words: "--model % --format ndjson --score 0 --out out/", of: .detect), in: work,
      output: .piped)
    let first = try #require(child.readLine())
    // Somewhere in the next few pictures.
    usleep(UInt32(delay * 900))
    child.send(number)
    let ending = try child.wait()
    #expect(ending.status == 128 + number, "\(ending.errors)")
    #expect(ending.errors.isEmpty, "\(ending.errors)")
    let lines = [first] + ending.output.split(separator: "\n").map(String.init)
    #expect(lines.count < names.count)
    for line in lines { #expect(try JSONValue(line)["detections"] != nil) }
    let made = try work.contents().keys.filter { $0.hasPrefix("here/out/") }
    #expect((lines.count...lines.count + 1).contains(made.count))
    for name in made {
      #expect(name.hasSuffix(".png"))
      _ = try work.read(String(name.dropFirst("here/".count)))
    }
  }

  @Test("a signal at any time before the first picture ends it too", arguments: 0..<10)
  func earlySignal(delay: Int) throws {
    let child = try Child(
      .segment, [String](words: "a.png b.png c.png --model % --out out/", of: .segment), in: work, output: .piped)
    usleep(UInt32(delay * 1500))
    child.send(SIGTERM)
    let ending = try child.wait()
    // It may have ended before.
    #expect([0, 128 + SIGTERM].contains(ending.status))
    #expect(try work.contents().keys.allSatisfy { !$0.contains(".tmp") })
  }

  @Test("--timing speaks on standard error only")
  func timing() throws {
    let plain = try work.run(.detect, "a.png", "--model", "tiny-detector")
    let timed = try work.run(.detect, "a.png", "--model", "tiny-detector", "--timing")
    #expect(timed.output == plain.output && plain.errors.isEmpty)
    // The model, the picture, and all of it.
    #expect(timed.errorLines.count == 3)
    #expect(timed.errors.contains("timing: tiny-detector: ") && timed.errors.contains("timing: a.png: "))
    #expect(timed.errorLines.allSatisfy { $0.hasPrefix("detect: timing: ") && $0.contains(" ms") })
  }
}

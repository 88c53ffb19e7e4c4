import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `--resume`: a run that was stopped ends with the bytes of one that was not.
@Suite(.timeLimit(.minutes(10))) struct ResumeTests {
  let work: Workplace
  private static let names = (0..<60).map { $0 % 9 == 4 ? "missing\($0).png" : ["a.png", "b.png", "c.png"][$0 % 3] }
  private static let options = ["--top-k", "2", "--model", "tiny-detector"]

  init() throws { work = try Workplace() }

  private func whole() throws -> [UInt8] {
    let ending = try work.run(.detect, Self.names + Self.options + ["--format", "ndjson"])
    #expect(ending.status == 1)
    return ending.bytes
  }

  private func resume(_ names: [String] = names, _ more: String...) throws -> Ending {
    try work.run(.detect, names + Self.options + ["--resume", "r.ndjson"] + more)
  }

  @Test("the file goes on behind its last whole line, wherever it was cut")
  func cuts() throws {
    let expected = try whole()
    var random = SplitMix64(seed: 91)
    let counts =
      [0, 1, expected.count - 1, expected.count] + (0..<12).map { _ in random.integer(in: 2...expected.count) }
    for count in counts {
      try work.write(Array(expected.prefix(count)), to: "r.ndjson")
      let ending = try resume()
      #expect(ending.status == 1 && ending.bytes.isEmpty, "\(ending.errors)")
      #expect(ending.errorLines.last == "detect: 53 done, 7 failed", "\(ending.errors)")
      #expect(try work.bytes("r.ndjson") == expected, "\(count) of \(expected.count) bytes")
    }
    try work.remove("r.ndjson")
    #expect(try resume().status == 1)
    #expect(try work.bytes("r.ndjson") == expected)
  }

  /// `BACKBONE_SOAK_RESUMES` is the number of runs.
  @Test("a run that is killed again and again ends with the same bytes")
  func kills() throws {
    let expected = try whole()
    var random = SplitMix64(seed: 92)
    for _ in 0..<Soak.count("RESUMES", short: 3, full: 30) {
      try work.remove("r.ndjson")
      var (kills, finished) = (0, false)
      while !finished {
        let child = try Child(
          .detect, Self.names + Self.options + ["--resume", "r.ndjson", "--threads", "2"], in: work, input: "")
        // Later kills come later, so that each run gets further.
        ProcessFacts.sleep(seconds: 0.15 + Double(random.unit()) * 0.2 * Double(kills + 1))
        child.send([SIGKILL, SIGTERM][kills % 2])
        let status = try child.wait().status
        // Anything else than a signal ends it, so that a failure cannot go on for ever.
        finished = status <= 128
        if !finished { kills += 1 }
      }
      print("\(kills) kills")
      #expect(try work.bytes("r.ndjson") == expected)
    }
  }

  @Test("a file of other pictures, options or programs is refused and unchanged")
  func others() throws {
    let expected = try whole()
    func refused(_ bytes: [UInt8], _ names: [String]? = nil, says words: String, status: Int32 = 2) throws {
      try work.write(bytes, to: "r.ndjson")
      let ending = try resume(names ?? Self.names)
      #expect(ending.status == status && ending.errors.contains(words), "\(ending.errors)")
      #expect(ending.errorLines.count == 1)
      #expect(try work.bytes("r.ndjson") == bytes)
    }
    try refused(expected, Array(Self.names.reversed()), says: "line 1 is not about c.png")
    try refused(
      expected, Array(Self.names.prefix(20)), says: "line 21 is there, expected no more than one for each of 20")
    try refused(Array("my notes".utf8), says: "line 1 is not about a.png, expected its results; repeat the command")
    try refused(try work.bytes("a.png"), says: "line 1 is not about a.png")
    let other = String(decoding: expected, as: UTF8.self).replacing("tiny-detector", with: "large-detector")
    try refused(Array(other.utf8.prefix(3000)), says: "results of another model than tiny-detector")
    try work.makeFolder("r.folder")
    let folder = try work.run(.detect, Self.names + Self.options + ["--resume", "r.folder"])
    #expect(folder.status == 4 && folder.errors.contains("--resume: r.folder: is a directory"), "\(folder.errors)")
  }

  @Test("segment goes on as well, with its pictures")
  func segment() throws {
    func run(_ out: String, _ more: String...) throws -> Ending {
      try work.run(
        .segment,
        ["a.png", "missing.png", "b.png", "c.png", "--model", "tiny-segmenter", "--out", out] + more)
    }
    let whole = try run("m/", "--format", "ndjson")
    #expect(whole.status == 1 && whole.output.split(separator: "\n").count == 4, "\(whole.errors)")
    #expect(whole.output.split(separator: "\n")[1].hasPrefix(#"{"image": "missing.png", "error": "missing.png: "#))
    for count in [0, whole.bytes.count / 3, whole.bytes.count / 2, whole.bytes.count - 1] {
      for name in ["a", "b", "c"] { try work.remove("m/\(name).png") }
      try work.write(Array(whole.bytes.prefix(count)), to: "s.ndjson")
      let lines = whole.bytes.prefix(count).count { $0 == UInt8(ascii: "\n") }
      #expect(try run("m/", "--resume", "s.ndjson").status == 1)
      #expect(try work.bytes("s.ndjson") == whole.bytes)
      let made = try work.contents().keys.count { $0.hasPrefix("here/m/") }
      #expect(made == 3 - max(lines - (lines > 1 ? 1 : 0), 0))
    }
  }

  @Test("two runs do not write one file")
  func twice() throws {
    let child = try Child(.detect, ["a.png", "-"] + Self.options + ["--resume", "r.ndjson"], in: work)
    // The first run has the file as soon as its first line is in it.
    while (try? work.bytes("r.ndjson").isEmpty) ?? true { ProcessFacts.sleep(seconds: 0.01) }
    let second = try work.run(.detect, ["a.png", "-"] + Self.options + ["--resume", "r.ndjson"])
    #expect(
      second.status == 4 && second.errors.contains("--resume: r.ndjson: cannot write the file"), "\(second.errors)")
    try child.write(bytes: try work.bytes("b.png"))
    #expect(try child.wait().status == 0)
  }
}

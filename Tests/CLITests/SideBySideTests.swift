import TestSupport
import Testing

/// The parallel processing of many pictures, whose results equal those of serial processing.
@Suite(.timeLimit(.minutes(10))) struct SideBySideTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private var names: [String] { (0..<24).map { ["a.png", "b.png", "c.png", "text.png"][$0 % 4] } }

  @Test("parallel and serial runs have the same results, order, failures and pictures", arguments: ["2", "3", "8"])
  func same(threads: String) throws {
    try work.write(Array("no picture".utf8), to: "text.png")
    func run(_ program: Program, _ threads: String, _ more: String...) throws -> Ending {
      try work.run(program, names + ["--threads", threads] + more)
    }
    func detect(_ threads: String) throws -> Ending {
      try run(
        .detect, threads, "--model", "tiny-detector", "--format", "ndjson", "--score", "0.4", "--out", "\(threads)/")
    }
    let (one, many) = (try detect("1"), try detect(threads))
    #expect(one.status == 1 && many.status == 1)
    #expect(many.output == one.output && many.errors == one.errors)
    #expect(many.output.split(separator: "\n").count == 24)
    func segment(_ threads: String) throws -> Ending {
      try run(.segment, threads, "--model", "tiny-segmenter", "--out", "m\(threads)/", "--overlay", "o\(threads)/")
    }
    let (first, second) = (try segment("1"), try segment(threads))
    #expect(
      first.status == 1
        && second.output == first.output.replacing("m1/", with: "m\(threads)/").replacing("o1/", with: "o\(threads)/"))
    let made = try work.contents().keys.filter {
      $0.hasPrefix("here/1/") || $0.hasPrefix("here/m1/") || $0.hasPrefix("here/o1/")
    }
    #expect(made.count == 9)
    for name in made {
      let local = String(name.dropFirst("here/".count))
      let other = local.replacing("1/", with: "\(threads)/", maxReplacements: 1)
      #expect(try work.bytes(local) == work.bytes(other), "\(local)")
    }
  }

  @Test("a folder that cannot be made is reported before the first picture") func refused() throws {
    let ending = try work.run(
      .segment, names + ["--model", "tiny-segmenter", "--out", "/dev/full/", "--threads", "2"])
    #expect(ending.status == 4, "\(ending.errors)")
  }
}

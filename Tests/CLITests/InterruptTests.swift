import ImageTypes
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// SIGINT and SIGTERM at random moments: whole lines, whole files, no temporary files, and a correct count.
///
/// `BACKBONE_SOAK_INTERRUPTS` is the number of interrupts.
@Suite(.timeLimit(.minutes(20))) struct InterruptTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    let pictures = try ["a.png", "b.png", "c.png"].map(work.bytes)
    for (index, name) in Self.names.enumerated() where name.hasPrefix("p") {
      try work.write(pictures[index % 3], to: name)
    }
  }

  private static let count = Soak.count("INTERRUPTS", short: 30, full: 100)

  /// The pictures of a batch; every seventh cannot be read.
  private static let names = (0..<140).map { $0 % 7 == 5 ? "missing\($0).png" : "p\($0).png" }

  /// The counts in the last line of a batch that a signal stops.
  private func counts(_ line: String, of program: Program) throws -> (done: Int, failed: Int, skipped: Int) {
    #expect(line.hasPrefix("\(program.rawValue): stopped by a signal: "), "\(line)")
    let words = line.split(separator: " ").suffix(6).map(String.init)
    try #require(words.count == 6)
    #expect(words[1] == "done," && words[3] == "failed," && words[5] == "skipped", "\(line)")
    return (try #require(Int(words[0])), try #require(Int(words[2])), try #require(Int(words[4])))
  }

  @Test("a stopped batch has written whole lines and files, and their number")
  func batches() throws {
    var random = SplitMix64(seed: 81)
    var (stopped, early) = (0, 0)
    for number in 0..<Self.count {
      let signal = number % 2 == 0 ? SIGINT : SIGTERM
      let folder = "out\(number)"
      let child = try Child(
        .detect, Self.names + [String](words: "--model % --format ndjson --top-k 1 --out \(folder)/", of: .detect),
        in: work, input: "", output: .piped)
      // A third of the signals come before or near the first picture.
      var lines: [String] = []
      if number % 3 != 0 { lines = [try #require(child.readLine())] }
      ProcessFacts.sleep(seconds: Double(random.unit()) * (number % 3 == 0 ? 0.05 : 0.12))
      child.send(signal)
      let ending = try child.wait()
      lines += ending.output.split(separator: "\n").map(String.init)
      // Only the ends of the lines are checked: other tests parse such lines, which takes long.
      for line in lines { #expect(line.hasPrefix(#"{"image": ""#) && line.hasSuffix("}"), "\(line)") }
      let failed = lines.count { $0.contains(#""error": ""#) }
      #expect(lines.count { $0.contains(#""detections": ["#) } == lines.count - failed)
      let made = try work.contents().keys.filter { $0.hasPrefix("here/\(folder)/") }
      // The current picture may have been written without its line.
      let done = lines.count - failed
      #expect((done...done + 1).contains(made.count), "\(made.count) files, \(done) lines")
      for name in made { _ = try work.read(String(name.dropFirst("here/".count))) }
      guard ending.status != 0, ending.status != 1 else { continue }
      #expect(ending.status == 128 + signal, "\(ending.errors)")
      stopped += 1
      guard let last = ending.errorLines.last, last.contains("stopped") else {
        // Before the beginning of the batch there is no count.
        #expect(lines.isEmpty && ending.errors.isEmpty, "\(ending.errors)")
        early += 1
        continue
      }
      let told = try counts(last, of: .detect)
      #expect(told.done == done && told.failed == failed, "\(last): \(done) lines, \(failed) with an error")
      #expect(told.done + told.failed + told.skipped == Self.names.count)
      #expect(ending.errorLines.count == failed + 1, "\(ending.errors)")
    }
    #expect(try work.strays().isEmpty)
    print("\(stopped) of \(Self.count) batches stopped, \(early) before they began")
    #expect(stopped > Self.count / 2 && early < stopped)
  }

  @Test("every command with an output ends with whole files or none")
  func commands() throws {
    var random = SplitMix64(seed: 82)
    var stopped = 0
    for (number, one) in OutputCase.all.enumerated() {
      try one.prepare(work)
      try one.setUp(work, old: false)
      let began = ProcessFacts.now
      let whole = try work.run(one.program, one.arguments, environment: one.environment(work))
      let seconds = min(ProcessFacts.now - began, 0.5)
      #expect(whole.status == 0, "\(one): \(whole.errors)")
      let expected = try one.outputs.map(work.bytes)
      for round in 0..<max(Self.count / 10, 2) {
        let signal = (number + round) % 2 == 0 ? SIGINT : SIGTERM
        try one.setUp(work, old: true)
        let child = try Child(one.program, one.arguments, in: work, environment: one.environment(work), input: "")
        ProcessFacts.sleep(seconds: seconds * Double(random.unit()))
        child.send(signal)
        let ending = try child.wait()
        #expect([0, 128 + signal].contains(ending.status), "\(one): \(ending.errors)")
        if ending.status != 0 { stopped += 1 }
        for (output, whole) in zip(one.outputs, expected) {
          let found = try work.bytes(output)
          let isWhole = try found == OutputCase.old || found == whole || isOnTheWay(found, output)
          #expect(isWhole, "\(one): \(output)")
        }
        #expect(try work.strays().isEmpty, "\(one)")
      }
    }
    #expect(stopped > 0)
  }

  /// The log and the chart of a training run are rewritten atomically after each epoch.
  private func isOnTheWay(_ bytes: [UInt8], _ output: String) throws -> Bool {
    switch output {
    case "out/head.csv": return String(decoding: bytes, as: UTF8.self).hasSuffix("\n")
    case "out/head.png": return try work.read(output).width > 0
    default: return false
    }
  }

  @Test("a signal that the parent ignores stays ignored")
  func ignored() throws {
    let child = try Child(
      .detect, Self.names + [String](words: "--model % --format ndjson", of: .detect), in: work, input: "",
      output: .piped, script: "trap '' INT; exec \"$@\"")
    #expect(child.readLine() != nil)
    child.send(SIGINT)
    #expect(try child.wait().status == 1)
  }
}

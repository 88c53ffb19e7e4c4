import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The documented exit statuses of all programs, in one table.
@Suite struct ExitStatusTests {
  /// A command and its expected end.
  struct Row: CustomTestStringConvertible, Sendable {
    let status: Int32
    let program: Program
    let line: String
    /// A signal sent after the first line of output, while the command waits for its standard input.
    let signal: Int32?
    /// A part of standard error; if empty, standard error must be empty.
    let words: String

    init(_ status: Int32, _ program: Program, _ line: String, _ words: String = "", signal: Int32? = nil) {
      (self.status, self.program, self.line, self.words, self.signal) = (status, program, line, words, signal)
    }

    var testDescription: String { "\(status): \(program.rawValue) \(line)" }
  }

  static let table = [
    Row(0, .detect, "a.png --model %"),
    Row(0, .detect, "a.png b.png --model % --out out/", "2 done, 0 failed"),
    Row(0, .detect, "--help"),
    Row(1, .detect, "no.png --model %", "no.png: cannot read the file: No such file or directory; check the path"),
    Row(1, .detect, "a.png text.png b.png --model %", "2 done, 1 failed"),
    Row(2, .detect, "a.png --nope", "Unknown option '--nope'"),
    Row(2, .detect, "a.png --model % --out a.png", "would replace an input picture; choose another name"),
    Row(3, .detect, "a.png --model nope", "nope: no model of this name in"),
    Row(3, .detect, "a.png --model tiny-segmenter", "task is segment, expected detect; choose another"),
    Row(3, .detect, "no.png --model nope", "nope: no model of this name in"),
    Row(4, .detect, "a.png --model % --out no/o.png", "no/o.png: cannot write the file: No such file or directory"),
    // The most severe of several failures.
    Row(4, .detect, "no.png a.png --model % --out blocked/", "blocked/a.png: is a directory"),
    Row(
      130, .detect, "a.png /dev/stdin c.png --model % --format ndjson", "1 done, 0 failed, 2 skipped", signal: SIGINT),
    Row(143, .detect, "no.png /dev/stdin --model % --format ndjson", "0 done, 1 failed, 1 skipped", signal: SIGTERM),
    Row(130, .detect, "/dev/stdin --model %", signal: SIGINT),

    Row(0, .segment, "a.png --model % --out m.png"),
    Row(1, .segment, "text.png --model % --out m.png", "text.png: is no picture"),
    Row(1, .segment, "a.png text.png --model % --out out/", "1 done, 1 failed"),
    Row(2, .segment, "a.png --model %", "Missing expected argument '--out <mask.png>'"),
    Row(3, .segment, "a.png --model nope --out m.png", "nope: no model of this name in"),
    Row(4, .segment, "a.png --model % --out m.png --overlay no/o.png", "no/o.png: cannot write the file"),
    Row(130, .segment, "a.png /dev/stdin --model % --out out/", "1 done, 0 failed, 1 skipped", signal: SIGINT),
    Row(143, .segment, "a.png /dev/stdin --model % --out out/", "1 done, 0 failed, 1 skipped", signal: SIGTERM),

    Row(0, .backbone, "profile"),
    Row(0, .backbone, "features a.png --model tiny-detector --tap last --out f.npy"),
    Row(1, .backbone, "features no.png --model tiny-detector --tap last --out f.npy", "no.png: cannot read the file"),
    Row(1, .backbone, "eval detect --data none", "none"),
    Row(1, .backbone, "train segment --data none --out o.safetensors", "none"),
    Row(2, .backbone, "nope", "Unexpected argument 'nope'"),
    Row(2, .backbone, "bench classify", "add --random-init"),
    Row(2, .backbone, "train segment --data none --out o.png", "expected a name that ends in .safetensors"),
    Row(3, .backbone, "models info nope", "nope: no model of this name in"),
    Row(3, .backbone, "models verify", "has no record"),
    Row(3, .backbone, "import text.png --out o.safetensors", "text.png"),
    Row(3, .backbone, "models fetch nope", "nope: no known model"),
    Row(4, .backbone, "features a.png --random-init --tap last --out no/f.npy", "no/f.npy: cannot write the file"),
    Row(4, .backbone, "features a.png --random-init --tap last --out blocked", "blocked: is a directory"),
    Row(130, .backbone, "bench classify --random-init --size 33 --stdin", signal: SIGINT),
    Row(143, .backbone, "bench classify --random-init --size 33 --stdin", signal: SIGTERM),
  ]

  @Test("each exit status", arguments: table)
  func ends(row: Row) throws {
    let work = try Workplace()
    try work.write(Array("a shopping list\n".utf8), to: "text.png")
    try work.makeFolder("blocked/a.png")
    let child = try Child(
      row.program, [String](words: row.line, of: row.program), in: work, input: row.signal == nil ? "" : nil,
      output: row.signal == nil ? .captured : .piped)
    if let signal = row.signal {
      // A program that writes has begun; one that waits for its only picture writes nothing.
      if row.line.hasPrefix("/dev/stdin") { ProcessFacts.sleep(seconds: 0.3) } else { _ = child.readLine() }
      child.send(signal)
    }
    let ending = try child.wait(silently: row.signal != nil)
    #expect(ending.status == row.status, "\(ending.errors)")
    #expect(row.words.isEmpty ? ending.errors.isEmpty : ending.errors.contains(row.words), "\(ending.errors)")
    for line in ending.errorLines { #expect(line.hasPrefix("\(row.program.rawValue): "), "\(line)") }
    #expect(try work.strays().isEmpty)
  }

  @Test("the table, the help and the README have every status of every program")
  func documented() throws {
    let work = try Workplace()
    let documented: Set<Int32> = [0, 1, 2, 3, 4, 130, 143]
    let readme = String(decoding: try work.bytes("\(TestData.packageRoot)/README.md"), as: UTF8.self)
    let paragraph = readme.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      paragraph.contains(
        "Exit codes: 0 ok, 1 some inputs failed, 2 usage, 3 model, 4 output, 130 and 143 after SIGINT and SIGTERM"))
    for program in Program.allCases {
      #expect(Set(Self.table.filter { $0.program == program }.map(\.status)) == documented)
      let help = try work.run(program, "--help").output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      let list = try #require(help.split(separator: "EXIT STATUS: ").last).prefix(300)
      let words = Set(list.split { !$0.isNumber }.compactMap { Int32($0) })
      #expect(words.isSuperset(of: documented), "\(words)")
    }
  }
}

import ImageTypes
import Tensors
import Testing

/// Unusual file names.
@Suite struct NameTests {
  let work: Workplace

  init() throws { work = try Workplace() }

  private static let names = [
    "two\nlines.png", "-dash.png", " space .png", "tab\there.png", "quote\".png", "é日本.png", "..png", "comma,.png",
    "\u{202e}right-to-left.png", "no-extension",
  ]

  @Test("pictures with unusual names are processed, and reported on one line", arguments: names)
  func inputs(name: String) throws {
    try work.picture(name, 40, 40)
    // Without "--" a name with a dash in front is an option.
    let arguments = ["--model", "tiny-detector", "--out", "out/", "--", name]
    let text = try work.run(.detect, arguments)
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    let title = try #require(text.output.split(separator: "\n").first)
    #expect(title.contains("  40x40  tiny-detector  "))
    let lines = try work.run(.detect, ["--model", "tiny-detector", "--format", "ndjson", "--", name])
    #expect(lines.output.split(separator: "\n").count == 1)
    #expect(try JSONValue(lines.output)["image"] == .string(name))
    #expect(try work.contents().keys.filter { $0.hasPrefix("here/out/") }.count == 1)
  }

  @Test("failures with unusual names are one line", arguments: names)
  func failures(name: String) throws {
    let escaped = name.replacing("\n", with: "\\n").replacing("\t", with: "\\t").replacing(
      "\u{202e}", with: "\\u{202E}")
    try work.expect(
      FailureCase(.detect, ["--model", "tiny-detector", "--", name], 1, ["detect: \(escaped): cannot read the file: "]))
    try work.expect(FailureCase(.detect, ["a.png", "--model=./\(name)"], 3, ["detect: ./\(escaped): cannot open"]))
    try work.expect(
      FailureCase(
        .detect, ["a.png", "--model", "tiny-detector", "--out=no/\(name)"], 4, ["no/\(escaped): cannot write the file"])
    )
  }

  @Test("dots in the paths of inputs and outputs")
  func places() throws {
    try work.picture("folder/d.png", 40, 50)
    let ending = try work.run(
      .segment, "./a.png", "folder/../folder/d.png", "--model", "tiny-segmenter", "--out", "folder/../out/")
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try work.read("out/a.png").width == 96)
    #expect(try work.read("out/d.png").width == 40)
    #expect(try work.contents().keys.count { $0.hasPrefix("here/out/") } == 2)
  }
}

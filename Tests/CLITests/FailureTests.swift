import Testing

/// A failing command with its expected failure.
struct FailureCase: CustomTestStringConvertible, Sendable {
  let program: Program
  let arguments: [String]
  let status: Int32
  /// Parts of the line on standard error.
  let words: [String]

  /// - Parameter line: the arguments separated by spaces; `%` is the small model of the program's task.
  init(_ program: Program, _ line: String, _ status: Int32, _ words: String...) {
    self.init(program, [String](words: line, of: program), status, words)
  }

  init(_ program: Program, _ arguments: [String], _ status: Int32, _ words: [String]) {
    (self.program, self.arguments, self.status, self.words) = (program, arguments, status, words)
  }

  var testDescription: String { "\(program.rawValue) \(arguments.joined(separator: " ").debugDescription): \(status)" }
}

extension Workplace {
  /// Runs a failing command: its status, one line on standard error, no result, no file created or changed.
  func expect(_ one: FailureCase, environment: [String: String?] = [:], output: String = "") throws {
    let before = try contents()
    let ending = try run(one.program, one.arguments, environment: environment)
    #expect(ending.status == one.status, "\(ending.errors)")
    #expect(ending.output == output)
    #expect(ending.errorLines.count == 1 && ending.errors.hasSuffix("\n"), "\(ending.errors)")
    #expect(ending.errors.hasPrefix("\(one.program.rawValue): "))
    for word in one.words { #expect(ending.errors.contains(word), "\(ending.errors)") }
    #expect(try contents() == before)
  }
}

/// Every documented exit status with its one-line message.
@Suite struct FailureTests {
  let work: Workplace

  init() throws {
    work = try Workplace()
    let png = try work.bytes("a.png")
    try work.write(Array("a shopping list\n".utf8), to: "text.png")
    try work.write(Array(png.dropLast(png.count / 2)), to: "cut.png")
    try work.write([], to: "empty.png")
    try work.write(Array("no model".utf8), to: "text.safetensors")
    try work.write(Array("no model".utf8), to: "other.safetensors")
    var model = try work.bytes("../models/tiny-detector.safetensors")
    model.removeLast(100)
    try work.write(model, to: "cut.safetensors")
  }

  /// Unreadable pictures: the problem, and the remedy after the semicolon.
  static let pictures = [
    ("missing.png", ["missing.png: cannot read the file: No such file or directory; check the path"]),
    ("text.png", ["text.png: is no picture: text beginning \"a shopp", "expected a PNG, JPEG, WebP or BMP; "]),
    ("cut.png", ["cut.png: truncated PNG: the file ends at byte ", "; get the file again"]),
    ("empty.png", ["empty.png: is empty: it ends at byte 0, expected a PNG, JPEG, WebP or BMP picture; "]),
    ("a.png/b.png", ["a.png/b.png: cannot read the file: Not a directory; "]),
    ("other.safetensors", ["other.safetensors: is no picture"]),
  ]

  @Test("a picture that cannot be read", arguments: pictures)
  func picture(name: String, words: [String]) throws {
    try work.expect(FailureCase(.detect, [name, "--model", "tiny-detector", "--out", "o.png"], 1, words))
    let masks = ["--model", "tiny-segmenter", "--out", "m.png", "--overlay", "o.png"]
    try work.expect(FailureCase(.segment, [name] + masks, 1, words))
    let map = ["--model", "tiny-detector", "--tap", "block3", "--out", "f.npy"]
    try work.expect(FailureCase(.backbone, ["features", name] + map, 1, words))
  }

  @Test("a folder where one picture is expected")
  func folder() throws {
    let map = ["--model", "tiny-detector", "--tap", "block3", "--out", "f.npy"]
    try work.expect(
      FailureCase(.backbone, ["features", "folder"] + map, 1, ["folder: is a directory, expected a PNG"]))
  }

  @Test("unreadable pictures and unusual names do not stop a batch")
  func batch() throws {
    let bad = Self.pictures.map(\.0)
    let ending = try work.run(.detect, ["a.png"] + bad + ["c.png", "--model", "tiny-detector", "--out", "out/"])
    #expect(ending.status == 1)
    #expect(ending.errorLines.count == bad.count + 1)
    #expect(ending.errorLines.last == "detect: 2 done, \(bad.count) failed")
    #expect(
      try work.contents().keys.filter { $0.hasPrefix("here/out/") }.sorted() == ["here/out/a.png", "here/out/c.png"])
    // The name "b" is that of another picture too, although that one fails.
    let masks = try work.run(.segment, bad + ["b.png", "--model", "tiny-segmenter", "--out", "masks/{dir}/{stem}.png"])
    #expect(masks.status == 1 && masks.errorLines.last == "segment: 1 done, \(bad.count) failed")
    #expect(try work.contents().keys.filter { $0.hasPrefix("here/masks/") } == ["here/masks/b.png"])
  }

  @Test(
    "a model that cannot be used",
    arguments: [
      FailureCase(
        .detect, "a.png --model nope", 3, "nope: no model of this name in ",
        "tiny-detector, tiny-segmenter are installed", "`backbone models fetch person-ssdlite`",
        "`backbone models fetch deeplab-voc`"),
      FailureCase(
        .segment, "a.png --out m.png --model deeplab-voc", 3, "deeplab-voc: no model",
        "get it with `backbone models fetch deeplab-voc`"),
      FailureCase(
        .backbone, "models path objects-ssdlite", 3, "objects-ssdlite: no model of this name in ",
        "it is part of the program, `backbone models convert objects-ssdlite --out FILE` writes it to a file"),
      FailureCase(.backbone, "models convert nope --out m.safetensors", 3, "nope: no model of this name"),
      FailureCase(.backbone, "models info nope", 3, "nope: no model of this name", "`backbone models fetch "),
      FailureCase(.backbone, "models path nope", 3, "nope: no model of this name", "`backbone models fetch "),
      FailureCase(.backbone, "models verify nope", 3, "nope: no model of this name", "`backbone models fetch "),
      FailureCase(.backbone, "models fetch nope", 3, "nope: no known model", "known are person-ssdlite, deeplab-voc"),
      FailureCase(.detect, "a.png --model ./nope", 3, "./nope: cannot open the file: No such file or directory; "),
      FailureCase(.detect, "a.png --model no.safetensors", 3, "no.safetensors: cannot open the file: No such file"),
      FailureCase(.detect, "a.png --model ./folder", 3, "./folder: is a directory, expected a file; "),
      FailureCase(
        .detect, "a.png --model text.safetensors", 3, "text.safetensors: ", " or no model file, get it again"),
      FailureCase(.detect, "a.png --model ./a.png", 3, "./a.png: ", "the file is damaged or no model file"),
      FailureCase(
        .segment, "a.png --out m.png --model cut.safetensors", 3, "cut.safetensors: ", "; the file is damaged"),
      FailureCase(.detect, "a.png --model tiny-segmenter", 3, "task is segment, expected detect; choose another with"),
      FailureCase(.segment, "a.png --out m.png --model tiny-detector", 3, "task is detect, expected segment; choose"),
    ])
  func model(one: FailureCase) throws { try work.expect(one) }

  @Test(
    "a file that exceeds a limit",
    arguments: [
      FailureCase(
        .detect, "a.png --model % --max-pixels 5", 1, "a.png: has ", " pixels, the limit is 5; raise --max-pixels"),
      FailureCase(
        .segment, "a.png --model % --out m.png --max-side 5", 1, "along a side, the limit is 5; raise --max-side"),
      FailureCase(
        .detect, "a.png --model % --max-tensors 2", 3, " tensors, the limit is 2; raise --max-tensors if you"),
      FailureCase(
        .segment, "a.png --model % --out m.png --max-model-bytes 9", 3, "the limit is 9; raise --max-model-bytes"),
      FailureCase(
        .backbone, "models info tiny-detector --max-header-bytes 9", 3, "the limit is 9; raise --max-header-bytes"),
      FailureCase(.backbone, "import a.png --out m.safetensors --max-model-bytes 9", 3, "raise --max-model-bytes"),
      FailureCase(
        .backbone, "features a.png --model tiny-detector --tap last --out f.npy --max-tensors 1", 3,
        "raise --max-tensors"),
    ])
  func limit(one: FailureCase) throws { try work.expect(one) }

  @Test("without a model folder the message says how to name one")
  func noModelFolder() throws {
    let none: [String: String?] = ["BACKBONE_MODELS": nil, "HOME": nil]
    try work.expect(
      FailureCase(
        .segment, "a.png --out m.png --model deeplab-voc", 3,
        "nothing says where models are; set BACKBONE_MODELS to a folder, or HOME"),
      environment: none)
    try work.expect(
      FailureCase(
        .segment, "a.png --out m.png --model deeplab-voc", 3,
        "no model of this name in \(work.path)/new, none is installed; get it with"),
      environment: ["BACKBONE_MODELS": "\(work.path)/new"])
  }

  @Test(
    "an output that cannot be written",
    arguments: [
      FailureCase(.detect, "a.png --model % --out no/o.png", 4, "no/o.png: cannot write the file: No such file or dir"),
      FailureCase(.detect, "a.png --model % --out a.png/o.png", 4, "a.png/o.png: cannot write the file: Not a dir"),
      FailureCase(
        .detect, "a.png --model % --out a.png/new/", 4, "a.png/new", "cannot write the file: Not a directory"),
      FailureCase(.detect, "a.png --model % --out /proc/o.png", 4, "/proc/o.png: cannot write the file: "),
      FailureCase(.detect, "a.png --model % --out /proc/new/", 4, "/proc/new", "cannot write the file: "),
      FailureCase(.detect, "a.png --model % --out /dev/full", 4, "/dev/full: cannot write the file: No space left"),
      FailureCase(.segment, "a.png --model % --out no/m.png", 4, "no/m.png: cannot write the file: No such file"),
      FailureCase(.segment, "a.png --model % --out /dev/full", 4, "/dev/full: cannot write the file: No space left"),
      FailureCase(.segment, "a.png --model % --out m.png --overlay no/o.png", 4, "no/o.png: cannot write the file: "),
      FailureCase(
        .backbone, "features a.png --model tiny-detector --tap last --out no/f.npy", 4, "no/f.npy: cannot wr"),
      FailureCase(
        .backbone, "features a.png --model tiny-detector --tap last --out folder", 4, "folder: is a directory"),
      FailureCase(.backbone, "features a.png --random-init --tap last --out /dev/full", 4, "No space left on device"),
    ])
  func output(one: FailureCase) throws { try work.expect(one) }

  @Test("one output that cannot be written leaves the others")
  func someOutputs() throws {
    // A folder is in the place of the second overlay.
    try work.write([], to: "out")
    try work.expect(FailureCase(.detect, "a.png b.png --model % --out out/", 4, "out", "Not a directory"))
    try work.picture("folder/a.png", 40, 40)
    let names = ["a.png", "b.png", "c.png"]
    for program in [Program.detect, .segment] {
      let folder = "\(program.rawValue)/"
      let first = try work.run(program, [String](words: "a.png --model % --out \(folder)b.png/", of: program))
      #expect(first.status == 0, "\(first.errors)")
      let ending = try work.run(program, names + [String](words: "--model % --out \(folder)", of: program))
      #expect(ending.status == 4)
      #expect(ending.errorLines.first?.contains("\(folder)b.png: is a directory") == true, "\(ending.errors)")
      #expect(ending.errorLines.last == "\(program.rawValue): 2 done, 1 failed")
      let made = try work.contents().keys.filter { $0.hasPrefix("here/\(folder)") }.sorted()
      #expect(made == ["a.png", "b.png", "b.png/a.png", "c.png"].map { "here/\(folder)\($0)" })
    }
  }
}

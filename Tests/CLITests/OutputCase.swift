import ImageCodecs
import ImageTypes
import TestSupport
import Testing

/// A command that writes files, each of which may exist already.
struct OutputCase: CustomTestStringConvertible, Sendable {
  let program: Program
  let arguments: [String]
  /// The written files below `here`, the one written first in front.
  let outputs: [String]
  /// The folder of installed models, for a command that writes to it.
  let models: String?
  let prepare: @Sendable (Workplace) throws -> Void

  init(
    _ program: Program, _ line: String, _ outputs: String..., models: String? = nil,
    prepare: @escaping @Sendable (Workplace) throws -> Void = { _ in }
  ) {
    self.program = program
    arguments = [String](words: line, of: program)
    (self.outputs, self.models, self.prepare) = (outputs, models, prepare)
  }

  var testDescription: String { "\(program.rawValue) \(arguments.joined(separator: " "))" }

  func environment(_ work: Workplace) -> [String: String?] {
    models.map { ["BACKBONE_MODELS": "\(work.here)/\($0)"] } ?? [:]
  }

  /// The contents of an output before the command.
  static let old = Array("what was there before\n".utf8)

  /// Makes the folder of the outputs, with or without an old file in the place of each.
  func setUp(_ work: Workplace, old: Bool) throws {
    try work.makeFolder("out")
    for output in outputs { try work.remove(output) }
    if old { for output in outputs { try work.write(OutputCase.old, to: output) } }
  }

  private static func checkpoint(_ work: Workplace) throws {
    try ImportTests.checkpoint().write(to: work, "net.safetensors")
  }

  /// Writes pictures with boxes and masks.
  private static func data(_ work: Workplace) throws {
    for folder in ["images", "masks", "labels"] { try work.makeFolder("set/\(folder)") }
    try work.write(Array("cat\ndog\n".utf8), to: "set/classes.txt")
    try work.write(Array("classes:\n  0: background\n  1: cat\n  2: dog\n".utf8), to: "set/masks.yaml")
    for (index, name) in ["p0", "p1", "p2", "p3", "p4", "p5"].enumerated() {
      try work.picture("set/images/\(name).png", 60, 50)
      try work.write(Array("\(index % 2) 0.5 0.5 0.4 0.4\n".utf8), to: "set/labels/\(name).txt")
      try work.write(
        try PNGEncoder.encodeIndexed(
          width: 60, height: 50, indices: (0..<3000).map { UInt8($0 / 1000) },
          palette: (0..<256).map { Colour(red: UInt8($0), green: 0, blue: 0) }), to: "set/masks/\(name).png")
    }
  }

  /// Writes pictures with masks of the small segmenter's classes.
  private static func outlines(_ work: Workplace) throws {
    try data(work)
    try work.remove("set/labels")
    try work.remove("set/masks.yaml")
    try work.write(Array("background\nclass-1\nclass-2\n".utf8), to: "set/classes.txt")
  }

  private static let lesson =
    "--data set --hold-out every:3 --model tiny-detector --variants 1 --epochs 1 --batch 2 --out out/head.safetensors"

  /// Every output of every program.
  static let all = [
    OutputCase(.detect, "a.png --model % --quiet --out out/o.png", "out/o.png"),
    OutputCase(.detect, "a.png b.png --model % --quiet --out out", "out/a.png", "out/b.png"),
    OutputCase(.segment, "a.png --model % --quiet --out out/m.png", "out/m.png"),
    OutputCase(
      .segment, "a.png --model % --quiet --out out/m.png --overlay out/o.png", "out/o.png", "out/m.png"),
    OutputCase(.backbone, "features a.png --model tiny-detector --tap block3 --out out/f.npy", "out/f.npy"),
    OutputCase(
      .backbone, "import net.safetensors --out out/model.safetensors", "out/model.safetensors", prepare: checkpoint),
    OutputCase(
      .backbone, "import net.safetensors", "out/net.safetensors", "out/net.safetensors.sha256", models: "out",
      prepare: checkpoint),
    OutputCase(
      .backbone, "eval detect --data set --model tiny-detector --save-predictions out/p.json", "out/p.json",
      prepare: data),
    OutputCase(
      .backbone, "eval detect --data set --model tiny-detector --pictures out --worst 1", "out/precision-recall.png",
      prepare: data),
    OutputCase(
      .backbone, "eval segment --data set --model tiny-segmenter --save-predictions out --limit 2", "out/p0.png",
      "out/p1.png", prepare: outlines),
    OutputCase(
      .backbone, "train segment --head pyramid --levels block16,block6/expansion --widths 8 \(lesson)",
      "out/head.safetensors", "out/head.csv", "out/head.png", prepare: data),
    OutputCase(
      .backbone, "train detect \(lesson)", "out/head.safetensors", "out/head.csv", "out/head.png", prepare: data),
  ]
}

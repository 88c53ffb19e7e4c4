import Backbone
import Graphs
import ImageCodecs
import ImageTypes
import ModelFiles
import TestSupport
import Testing
import Vision

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A folder for one test with pictures and two small models, so that the programs are tested on a bare machine.
///
/// `here` is the working folder of the programs, `models` contains the models `tiny-detector` and `tiny-segmenter`.
/// Their weights are seeded random numbers: their detections are meaningless, but reproducible.
final class Workplace {
  let path: String
  var here: String { path + "/here" }
  var models: String { path + "/models" }

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/backbone-cli-\(UUID().uuidString)"
    for folder in [here, models, here + "/folder"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    for (name, bytes) in try Workplace.modelFiles.get() { try write(bytes, to: "../models/\(name).safetensors") }
    try picture("a.png", 96, 64)
    try picture("b.png", 61, 90)
    try picture("c.png", 33, 33)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Runs a program to its end.
  func run(
    _ program: Program, _ arguments: String..., environment: [String: String?] = [:], input: String? = "",
    output: Child.Output = .captured, script: String = "exec \"$@\""
  ) throws -> Ending {
    try run(program, arguments, environment: environment, input: input, output: output, script: script)
  }

  func run(
    _ program: Program, _ arguments: [String], environment: [String: String?] = [:], input: String? = "",
    output: Child.Output = .captured, script: String = "exec \"$@\""
  ) throws -> Ending {
    let child = try Child(
      program, arguments, in: self, environment: environment, input: input, output: output, script: script)
    return try child.wait()
  }

  // MARK: Files, by their names in the programs

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(here)/\(name)"))
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: name.hasPrefix("/") ? name : "\(here)/\(name)")))
  }

  /// Removes a file if it exists.
  func remove(_ name: String) throws {
    let path = "\(here)/\(name)"
    if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(here)/\(name)", withIntermediateDirectories: true)
  }

  func picture(_ name: String, _ width: Int, _ height: Int) throws {
    try write(try PNGEncoder.encode(Synthetic.image(width: width, height: height)), to: name)
  }

  func read(_ name: String) throws -> Image { try ImageFile.read(path: "\(here)/\(name)") }

  /// The names of all files and folders, including hidden ones, with the files' sizes; a failure must not change them.
  func contents() throws -> [String: Int] {
    var contents: [String: Int] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) where !name.hasPrefix(Child.prefix) {
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
      let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
      contents[name] = isFolder ? -1 : try #require(attributes[.size] as? Int)
    }
    return contents
  }

  // MARK: The models

  /// The two models' files, created once per test run.
  private static let modelFiles = Result {
    try [detector(), segmenter()].map { card, parameters in
      try TestData.withTemporaryFolder { folder in
        let path = "\(folder)/model.safetensors"
        try ModelFile.write(card: card, weights: .random(parameters, seed: 5), to: path)
        return (card.name, Array(try Data(contentsOf: URL(fileURLWithPath: path))))
      }
    }
  }

  private static func card(_ name: String, _ task: ModelCard.Task, stride: Int, hasLast: Bool) -> ModelCard {
    let half: [Float] = [127.5, 127.5, 127.5]
    return ModelCard(
      name: name, task: task, family: "test",
      provenance: Provenance(origin: "a test", licence: "Apache-2.0", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: 0.35, outputStride: stride, padding: .same, batchNormEpsilon: 0.001,
        hasLastConvolution: hasLast),
      input: InputCard(
        width: 96, height: 96, fit: .stretch, grid: .halfPixel, antialias: false, mean: half, standardDeviation: half))
  }

  private static func detector() -> (ModelCard, [ParameterInfo]) {
    var card = card("tiny-detector", .detect, stride: 32, hasLast: true)
    card.labels = ["cat", "dog", "a \"quoted\", name"].enumerated().map {
      ClassLabel(output: $0 + 1, id: $0 * 10 + 7, name: $1)
    }
    card.detection = DetectionCard(
      outputs: 4, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.6, maximumDetections: 100)
    return (card, try! Graph(card).parameters)
  }

  private static func segmenter() -> (ModelCard, [ParameterInfo]) {
    var card = card("tiny-segmenter", .segment, stride: 16, hasLast: false)
    card.labels = (0..<21).map { ClassLabel(output: $0, id: $0, name: $0 == 0 ? "background" : "class-\($0)") }
    card.segmentation = SegmentationCard(
      outputs: 21, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5)
    return (card, try! Graph(card).parameters)
  }
}

extension [String] {
  /// Arguments from one text, separated by spaces; `%` is the small model of the program's task.
  init(words: String, of program: Program) {
    let model = program == .segment ? "tiny-segmenter" : "tiny-detector"
    self = words.split(separator: " ").map { $0 == "%" ? model : String($0) }
  }
}

import Backbone
import Graphs
import ModelFiles
import TestSupport
import Testing
import Vision

/// The programs with models of every backbone and every head, which the card alone determines.
@Suite struct FamilyTests {
  static let backbones = ["mobilenet-v1", "mobilenet-v2", "shufflenet3", "shufflenet8"]

  private static func card(_ name: String, _ task: ModelCard.Task, stride: Int) -> ModelCard {
    let half: [Float] = [127.5, 127.5, 127.5]
    let isShuffle = name.hasPrefix("shufflenet")
    var backbone = BackboneCard(
      widthMultiplier: name == "mobilenet-v2" ? 0.35 : 0.25, outputStride: stride,
      padding: isShuffle ? .symmetric : .same, batchNormEpsilon: 0.001,
      hasLastConvolution: name == "mobilenet-v2" && task == .detect)
    backbone.network = isShuffle ? "shufflenet" : name
    backbone.groups = isShuffle ? Int(String(name.last!)) : nil
    var card = ModelCard(
      name: "model", task: task, family: "test",
      provenance: Provenance(origin: "a test", licence: "Apache-2.0", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: backbone,
      input: InputCard(
        width: 97, height: 81, fit: .stretch, grid: .halfPixel, antialias: false, mean: half, standardDeviation: half))
    card.labels = (1...3).map { ClassLabel(output: $0, id: $0, name: "class-\($0)") }
    return card
  }

  private static func detector(_ name: String, _ convolutions: DetectionCard.Convolutions?, in work: Workplace) throws {
    var card = card(name, .detect, stride: 32)
    card.detection = DetectionCard(
      outputs: 4, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.6, maximumDetections: 100,
      convolutions: convolutions)
    try ModelFile.write(
      card: card, weights: .random(try Graph(card).parameters, seed: 5), to: "\(work.here)/model.safetensors")
  }

  private static func segmenter(
    _ name: String, _ branches: SegmentationCard.Branches?, stride: Int, in work: Workplace
  ) throws {
    var card = card(name, .segment, stride: stride)
    card.segmentation = SegmentationCard(
      outputs: 4, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5, branches: branches)
    try ModelFile.write(
      card: card, weights: .random(try Graph(card).parameters, seed: 5), to: "\(work.here)/model.safetensors")
  }

  @Test(arguments: backbones, [DetectionCard.Convolutions.separable, .full])
  func detectors(name: String, convolutions: DetectionCard.Convolutions) throws {
    let work = try Workplace()
    try Self.detector(name, convolutions, in: work)
    let ending = try work.run(
      .detect, "a.png", "b.png", "--model", "./model.safetensors", "--format", "json", "--out", "drawn/", "--score", "0"
    )
    #expect(ending.status == 0, "\(ending.errors)")
    let all = try JSONValue(ending.output).elements
    #expect(all.count == 2)
    for one in all {
      let found = try #require(one["detections"]).elements
      #expect(!found.isEmpty && found.allSatisfy { $0["label"]?.text?.hasPrefix("class-") == true })
    }
    let info = try work.run(.backbone, "models", "info", "./model.safetensors")
    #expect(info.status == 0, "\(info.errors)")
    #expect(info.output.contains(convolutions == .full ? "SSD\n" : "SSDLite\n"), "\(info.output)")
  }

  @Test(arguments: backbones, [8, 16, 32]) func segmenters(name: String, stride: Int) throws {
    let work = try Workplace()
    var masks: [[UInt8]] = []
    for branches in [nil, SegmentationCard.Branches.lite, .aspp] {
      try Self.segmenter(name, branches, stride: stride, in: work)
      let ending = try work.run(
        .segment, "a.png", "--model", "./model.safetensors", "--out", "mask.png", "--force")
      #expect(ending.status == 0, "\(ending.errors)")
      masks.append(try work.bytes("mask.png"))
    }
    // A card without the field has the lite head.
    #expect(masks[0] == masks[1] && masks[1] != masks[2])
  }

  @Test(arguments: backbones) func features(name: String) throws {
    let work = try Workplace()
    try Self.segmenter(name, nil, stride: 16, in: work)
    let list = try work.run(.backbone, "features", "--tap", "list", "--model", "./model.safetensors")
    #expect(list.status == 0, "\(list.errors)")
    let taps = list.output.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
    #expect(taps.count >= 14)
    let last = try #require(taps.last.map(String.init))
    let ending = try work.run(
      .backbone, "features", "a.png", "--tap", last, "--model", "./model.safetensors", "--out", "f.npy")
    #expect(ending.status == 0, "\(ending.errors)")
    let wrong = try work.run(
      .backbone, "features", "a.png", "--tap", "last", "--model", "./model.safetensors", "--out", "g.npy")
    #expect(wrong.status == 3 && wrong.errors.contains("no tap is named last"), "\(wrong.errors)")
  }

  /// A file with the other head's tensors is refused, with the missing tensors.
  @Test func aCardOfTheOtherKindIsRefused() throws {
    let work = try Workplace()
    try Self.detector("mobilenet-v1", .full, in: work)
    let file = try ModelFile.open(path: "\(work.here)/model.safetensors")
    var card = file.card
    card.detection?.convolutions = nil
    try ModelFile.write(card: card, weights: file.weights, to: "\(work.here)/other.safetensors")
    let ending = try work.run(.detect, "a.png", "--model", "./other.safetensors")
    #expect(ending.status == 3 && ending.errors.contains("ssdlite."), "\(ending.errors)")
  }
}

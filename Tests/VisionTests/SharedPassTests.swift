import Backbone
import Files
import Graphs
import ModelFiles
import TestSupport
import Testing
import Vision

/// A detector and a segmenter on one backbone: the outputs of both, for the cost of one pass.
@Suite struct SharedPassTests {
  private static let pyramid = PyramidCard(levels: ["block16", "block13/expansion", "block4"], widths: [16, 9])

  private static func card(_ name: String, _ task: ModelCard.Task, stride: Int = 32) -> ModelCard {
    let half: [Float] = [127.5, 127.5, 127.5]
    return ModelCard(
      name: name, task: task, family: "test",
      provenance: Provenance(origin: "a test", licence: "Apache-2.0", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: 0.35, outputStride: stride, padding: .same, batchNormEpsilon: 0.001,
        hasLastConvolution: task == .detect),
      input: InputCard(
        width: 97, height: 97, fit: .stretch, grid: .halfPixel, antialias: false, mean: half, standardDeviation: half))
  }

  private static func tensors(_ parameters: [ParameterInfo], seed: UInt64) -> [String: (shape: [Int], values: [Float])]
  {
    let weights = Weights.random(parameters, seed: seed)
    return Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.name, ($0.shape, try! weights.values($0.name, shape: $0.shape))) })
  }

  private static let detector: ModelFile = {
    var card = SharedPassTests.card("boxes", .detect)
    card.labels = [ClassLabel(output: 1, id: 1, name: "thing")]
    card.detection = DetectionCard(
      outputs: 2, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.6, maximumDetections: 100)
    let all = tensors(try! Graph(card).parameters, seed: 3)
    return ModelFile(path: "boxes", card: card, weights: Weights(source: "boxes", tensors: all))
  }()

  /// A segmenter with the detector's blocks, except those from `firstOwn` on.
  private static func segmenter(firstOwn: Int, stride: Int = 32, gate: GateCard? = nil) throws -> ModelFile {
    var card = SharedPassTests.card("masks", .segment, stride: stride)
    card.labels = (0..<3).map { ClassLabel(output: $0, id: $0, name: "class \($0)") }
    card.segmentation = SegmentationCard(
      outputs: 3, backgroundID: 0, voidID: 255, upsampling: .halfPixel, batchNormEpsilon: 1e-3, pyramid: pyramid)
    card.segmentation?.gate = gate
    var all = tensors(try Graph(card).parameters, seed: 9)
    for parameter in try Graph(card.backbone).parameters {
      let number = parameter.name.split(separator: ".")[1].dropFirst("block".count)
      guard (Int(number) ?? 0) < firstOwn, parameter.name != "backbone.last.weight" else { continue }
      all[parameter.name] = (
        parameter.shape, try detector.weights.values(parameter.name, shape: parameter.shape)
      )
    }
    return ModelFile(
      path: "masks", card: card, weights: Weights(source: "masks", tensors: all), base: gate == nil ? nil : detector)
  }

  private let image = Synthetic.image(width: 130, height: 77)

  @Test(arguments: [(17, 17), (14, 14), (5, 5), (1, 1), (0, 0)])
  func blocksInCommonRunOnce(firstOwn: Int, shared: Int) throws {
    let segmenter = try Self.segmenter(firstOwn: firstOwn)
    let both = try DetectorSegmenter(Self.detector, segmenter, threads: 2)
    #expect(both.sharedBlocks == shared)
    #expect(both.description.contains(shared == 0 ? "no block" : "\(shared) of 17 blocks"))
    let answer = try both.analyse(image)
    #expect(answer.detections == (try Detector(Self.detector, threads: 1).detect(image)))
    #expect(!answer.detections.isEmpty)
    let mask = try Segmenter(segmenter, threads: 1).segment(image)
    #expect(answer.mask == mask)
    #expect(mask.pixelCounts().count > 1, "a mask of one class shows little")
  }

  @Test func anotherStrideIsSharedAsFarAsItGoes() throws {
    let segmenter = try Self.segmenter(firstOwn: 17, stride: 16)
    let both = try DetectorSegmenter(Self.detector, segmenter, threads: 2)
    // From block 13 on the strides differ.
    #expect(both.sharedBlocks == 13)
    #expect(try both.analyse(image).mask == Segmenter(segmenter, threads: 1).segment(image))
  }

  @Test func anotherInputSharesNothing() throws {
    var card = try Self.segmenter(firstOwn: 17).card
    card.input.width = 129
    let segmenter = ModelFile(path: "masks", card: card, weights: try Self.segmenter(firstOwn: 17).weights)
    let both = try DetectorSegmenter(Self.detector, segmenter, threads: 2)
    #expect(both.sharedBlocks == 0)
    let answer = try both.analyse(image)
    #expect(answer.mask == (try Segmenter(segmenter, threads: 1).segment(image)))
    #expect(answer.detections == (try Detector(Self.detector, threads: 1).detect(image)))
  }

  @Test func aGateCutsTheMaskToTheBoxes() throws {
    let plain = try Segmenter(Self.segmenter(firstOwn: 14), threads: 2).segment(image)
    var options = DetectionOptions()
    options.scoreThreshold = 0.6
    let boxes = try Detector(Self.detector, threads: 2).detect(image, options).map(\.box)
    let gated = try Segmenter(
      Self.segmenter(firstOwn: 14, gate: GateCard(score: 0.6, margin: 0)), threads: 2
    ).segment(image)
    var kept = 0
    var lost = 0
    for (index, id) in plain.ids.enumerated() {
      let (x, y) = (Float(index % image.width) + 0.5, Float(index / image.width) + 0.5)
      // A pixel at a box's border may fall on either side.
      let isNear = boxes.contains { $0.x1 - 1 < x && x < $0.x2 + 1 && $0.y1 - 1 < y && y < $0.y2 + 1 }
      let isInside = boxes.contains { $0.x1 + 1 < x && x < $0.x2 - 1 && $0.y1 + 1 < y && y < $0.y2 - 1 }
      if isInside { #expect(gated.ids[index] == id) }
      if !isNear { #expect(gated.ids[index] == 0) }
      if isInside && id != 0 { kept += 1 }
      if !isNear && id != 0 { lost += 1 }
    }
    #expect(kept > 0 && lost > 0, "\(kept) kept, \(lost) cut off: the gate is not tried")
  }

  @Test func aHeadAloneNeedsItsBase() throws {
    let whole = try Self.segmenter(firstOwn: 14, gate: GateCard(score: 0.5, margin: 0.1))
    var card = whole.card
    card.base = BaseModel(name: "boxes", tensors: [], checksum: "")
    let alone = ModelFile(path: "masks", card: card, weights: whole.weights)
    #expect(throws: VisionError.withoutBase(file: "masks", base: "boxes")) { try Segmenter(alone, threads: 1) }
  }
}

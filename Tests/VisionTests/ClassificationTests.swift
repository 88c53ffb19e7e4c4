import Backbone
import Checkpoints
import Graphs
import ImageCodecs
import ImageTypes
import Kernels
import ModelFiles
import Processing
import Tensors
import TestSupport
import Testing
import Vision

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Classification from the image to the scores, against PyTorch.
@Suite struct ClassificationTests {
  private struct Recorded: Decodable {
    let tensors: [FormulaWeights.Tensor]
    let shortest, side: Int
    let input: TensorGolden
    let logits, scores: [Float]
    let best: [Int]
  }

  /// torchvision's ImageNet weights as safetensors; `Tests/Golden/generate_classification.py` writes them.
  private static let weights =
    ProcessInfo.processInfo.environment["BACKBONE_IMAGENET_WEIGHTS"]
    ?? TestData.path("models/mobilenet_v2-b0353104.safetensors")

  private func model(_ golden: Recorded) throws -> ModelFile {
    try TestData.withTemporaryFolder { folder in
      let path = "\(folder)/small.safetensors"
      try Data(FormulaWeights(tensors: golden.tensors, counters: []).safetensors())
        .write(to: URL(fileURLWithPath: path))
      return try model(golden, path)
    }
  }

  private func model(_ golden: Recorded, _ path: String) throws -> ModelFile {
    let imported = try Importer.importCheckpoint(path: path)
    var card = imported.card
    (card.input.width, card.input.height, card.input.resizeShortest) = (golden.side, golden.side, golden.shortest)
    return ModelFile(path: path, card: card, weights: imported.weights)
  }

  private func check(_ golden: Recorded, _ model: ModelFile, _ image: Image) throws {
    let prepared = try Preprocessor(model.card.input).prepare(image)
    let input = golden.input.compare(prepared.tensor.values(), floor: 0.1)
    #expect(input.isWithin(1e-4), "\(input)")
    let peak = golden.logits.map(abs).max()!
    var bits: Set<[UInt32]> = []
    for threads in [1, 2, 3] {
      let logits = try ImageClassifier(model, threads: threads).logits(image)
      let comparison = Comparison("logits", found: logits, expected: golden.logits, floor: peak * 0.1)
      #expect(comparison.isWithin(1e-4), "\(comparison)")
      bits.insert(logits.map(\.bitPattern))
    }
    #expect(bits.count == 1)
    let found = try ImageClassifier(model, threads: 2).classify(image)
    #expect(found.map(\.output) == golden.best)
    for (one, score) in zip(found, golden.scores) { #expect(abs(one.score - score) < 1e-4, "\(one) \(score)") }
  }

  @Test func aSmallClassifierAnswersAsPyTorch() throws {
    let golden = try Golden.load("classification_small.json", as: Recorded.self)
    try check(golden, try model(golden), Synthetic.image(width: 150, height: 120))
  }

  @Test(
    .enabled(
      if: weights != nil,
      "needs torchvision's ImageNet weights: BACKBONE_IMAGENET_WEIGHTS, the path that Tests/Golden/generate_classification.py --save wrote"
    ))
  func theCatIsAnEgyptianCat() throws {
    let golden = try Golden.load("classification_chelsea.json", as: Recorded.self)
    let imported = try model(golden, try #require(Self.weights))
    try check(golden, imported, ImageFile.read(path: TestData.sample("chelsea.png")))
    #expect(golden.best[0] == 285)
  }

  private static let picture = SmallModels.picture(130, 70, seed: 3)

  @Test func everyFormAnswersTheSame() async throws {
    let model = SmallModels.classifier()
    let classifier = try ImageClassifier(model, threads: 2)
    let image = Self.picture
    let all = try sync { try classifier.classify(image, top: .max) }
    #expect(all.count == 6)
    #expect(Set(all.map(\.output)) == Set(0..<6))
    #expect(abs(all.reduce(0) { $0 + $1.score } - 1) < 1e-6)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.score >= $1.score })
    for one in all {
      #expect(one.label == (one.output == 3 ? "class 3" : "thing \(one.output)"))
      #expect(one.id == (one.output == 3 ? 3 : one.output * 10))
    }
    #expect(try await classifier.classify(image, top: 2) == Array(all.prefix(2)))
    let view = try sync { try image.withPixelView { try classifier.classify($0, top: 2) } }
    #expect(view == Array(all.prefix(2)))
    let other = classifier.running(on: Session(threads: 1))
    #expect(try sync { try other.classify(image) } == Array(all.prefix(5)))
    let json = try JSONEncoder().encode(all)
    #expect(try JSONDecoder().decode([Classification].self, from: json) == all)
  }

  /// An asynchronous test would choose the asynchronous form.
  private func sync<R>(_ body: () throws -> R) rethrows -> R { try body() }

  @Test func theCardChoosesTheActivation() throws {
    let model = SmallModels.classifier()
    var card = model.card
    card.classifierActivation = .sigmoid
    let classifier = try ImageClassifier(ModelFile(path: "s", card: card, weights: model.weights), threads: 1)
    let logits = try classifier.logits(Self.picture)
    for one in try classifier.classify(Self.picture, top: 6) {
      #expect(abs(Double(one.score) - 1 / (1 + exp(-Double(logits[one.output])))) < 1e-6)
    }
  }

  @Test func otherModelsAreRefused() throws {
    let model = SmallModels.detector()
    let expected = VisionError.wrongTask(expected: .classify, found: .detect, file: model.path)
    #expect(throws: expected) { try ImageClassifier(model) }
    let classifier = SmallModels.classifier()
    let error = #expect(throws: VisionError.self) { try Embedder(classifier, tap: Tap("block99")) }
    #expect(error?.description.contains("no tap is named block99; this network has stem, block0") == true)
  }

  @Test func embeddingsAreMeansOfMaps() async throws {
    for (model, tap) in [(SmallModels.classifier(), Tap.last), (SmallModels.detector(), .block(3))] {
      let embedder = try Embedder(model, tap: tap, threads: 2)
      let map = try sync { try embedder.features(of: Self.picture, taps: [.stem, tap]) }[tap]
      let values = map.tensor.values()
      let channels = map.shape.channels
      #expect(embedder.channels == channels)
      let mean = (0..<channels).map { channel in
        stride(from: channel, to: values.count, by: channels).reduce(0.0) { $0 + Double(values[$1]) }
          / Double(values.count / channels)
      }
      let found = try sync { try embedder.embedding(of: Self.picture) }
      #expect(zip(found, mean).allSatisfy { abs(Double($0) - $1) <= 1e-6 * (1 + abs($1)) })
      #expect(found.contains { $0 != 0 })
      #expect(try await embedder.embedding(of: Self.picture) == found)
      #expect(try await embedder.features(of: Self.picture, taps: [tap])[tap].tensor.values() == values)
      let view = try sync { try Self.picture.withPixelView { try embedder.embedding(of: $0) } }
      #expect(view == found)
      #expect(try sync { try embedder.running(on: Session(threads: 1)).embedding(of: Self.picture) } == found)

      let unit = try sync { try Embedder(model, tap: tap, isNormalised: true).embedding(of: Self.picture) }
      let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(zip(unit, mean).allSatisfy { abs(Double($0) - $1 / length) < 1e-6 })
    }
  }
}

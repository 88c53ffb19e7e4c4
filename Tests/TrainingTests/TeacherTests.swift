import Backbone
import Datasets
import Graphs
import ImageTypes
import Kernels
import ModelFiles
import SSDLite
import TestSupport
import Testing
import Training
import Vision

/// Training with another model as teacher.
@Suite struct TeacherTests {
  private struct Recorded: Decodable {
    let loss: Double
    let gradient: [Float]
  }

  private static let soft: [UInt8] = {
    var generator = SplitMix64(named: "soft labels")
    let bytes = (0..<2 * 20 * 3).map { _ in UInt8(generator.next() % 256) }
    return bytes.enumerated().map { $0 % 60 >= 57 ? 0 : $1 }
  }()

  @Test(arguments: [1, 2, 5]) func theLossAgreesWithPyTorch(threads: Int) throws {
    let golden: Recorded = try Golden.load("training_soft.json")
    let kernels = TrainingKernels(Session(threads: threads))
    let logits = FloatSlice(TestGraph.numbers("soft logits", 120, -3, 3))
    let gradient = FloatSlice(zeros: 120)
    let loss = SoftLoss(classes: 3).evaluate(
      kernels, logits, pictures: 2, soft: Self.soft, weight: 1, gradient: gradient)
    #expect(abs(loss - golden.loss) < 1e-6 * golden.loss, "loss \(loss), expected \(golden.loss)")
    let comparison = Comparison("gradient", found: gradient.values, expected: golden.gradient, floor: 0.01)
    #expect(comparison.isWithin(1e-4), "\(comparison)")
    // The loss is added with its weight.
    _ = SoftLoss(classes: 3).evaluate(
      kernels, logits, pictures: 2, soft: Self.soft, weight: 0.5, gradient: gradient)
    let more = Comparison(
      "gradient", found: gradient.values, expected: golden.gradient.map { $0 * 1.5 }, floor: 0.01)
    #expect(more.isWithin(1e-4), "\(more)")
  }

  @Test func aTeacherThatSaysNothingChangesNothing() {
    let gradient = FloatSlice(zeros: 120)
    let loss = SoftLoss(classes: 3).evaluate(
      TrainingKernels(Session(threads: 1)), FloatSlice(TestGraph.numbers("soft logits", 120)), pictures: 2,
      soft: [UInt8](repeating: 0, count: 120), weight: 1, gradient: gradient)
    #expect(loss == 0 && gradient.values.allSatisfy { $0 == 0 })
  }

  private struct Finder: DetectionTeacher {
    let key = "a finder"
    let found: [TaughtThing]
    func things(in image: Image) -> [TaughtThing] { found }
  }

  @Test func whatTheFilesKnowIsNotAddedOnceMore() {
    func box(_ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float) -> Box { Box(x1: x1, y1: y1, x2: x2, y2: y2) }
    let known = TruthBox(box: box(0, 0, 20, 20), classIndex: 1)
    let teacher = Finder(found: [
      // The same object, whatever its class.
      TaughtThing(box: box(1, 1, 21, 21), classIndex: 2, isSure: true),
      TaughtThing(box: box(15, 0, 35, 20), classIndex: 2, isSure: true),
      TaughtThing(box: box(30, 20, 50, 40), classIndex: 1, isSure: false),
      TaughtThing(box: box(50, 0, 60, 10), classIndex: 1, isSure: true),
    ])
    let taught = teacher.taught(LabelledImage(image: Image(width: 40, height: 30), mask: nil, boxes: [known]))
    #expect(
      taught.boxes == [
        known, TruthBox(box: box(15, 0, 35, 20), classIndex: 2),
        TruthBox(box: box(30, 20, 40, 30), classIndex: 1, difficult: true),
      ])
  }

  /// A detector of left and right objects, with random weights.
  private func detector(_ activation: DetectionCard.ScoreActivation = .softmax) throws -> ModelFile {
    let backbone = BackboneCard(
      widthMultiplier: 0.35, outputStride: 32, padding: .same, batchNormEpsilon: 1e-3, hasLastConvolution: false)
    let half: [Float] = [127.5, 127.5, 127.5]
    let card = ModelCard(
      name: "random", task: .detect, family: "test",
      provenance: Provenance(origin: "a test", licence: "none", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: backbone,
      input: InputCard(
        width: 96, height: 96, fit: .stretch, grid: .halfPixel, antialias: true, mean: half, standardDeviation: half),
      labels: [ClassLabel(output: 1, id: 1, name: "left"), ClassLabel(output: 2, id: 2, name: "right")],
      detection: DetectionCard(
        outputs: 3, scoreActivation: activation, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
        maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.5, maximumDetections: 100))
    return ModelFile(path: "random", card: card, weights: .random(try Graph(card).parameters))
  }

  /// The values of a class at every anchor of a predictor's tensor, whose last axis is `[anchors, classes]`.
  private func values(_ all: [Float], of output: Int, classes: Int) -> [Float] {
    stride(from: output, to: all.count, by: classes).map { all[$0] }
  }

  @Test func classesOfTheSameNameBeginWithWhatTheBaseKnows() throws {
    let base = try detector()
    let session = Session(threads: 1)
    let task = try DetectionTraining(
      base: base, classes: ["background", "new", "left"], loss: .multibox, session: session)
    let network = try task.network(batch: 1, seed: 1)
    let predictors = network.parameters.parameters.filter { $0.name.contains(".class.pointwise.") }
    #expect(predictors.count == 12)
    for parameter in predictors {
      let known = try base.weights.values(parameter.name, shape: parameter.shape)
      let own = parameter.value.values
      for (output, source) in [(0, 0), (2, 1)] {
        #expect(values(own, of: output, classes: 3) == values(known, of: source, classes: 3), "\(parameter.name)")
      }
      #expect(values(own, of: 1, classes: 3) != values(known, of: 2, classes: 3), "\(parameter.name)")
    }
    // Another score activation, other names or a fresh head start with new values.
    for (model, classes, anew) in [
      (try detector(.sigmoid), ["background", "left"], false), (base, ["background", "cat"], false),
      (base, ["background", "left"], true),
    ] {
      let task = try DetectionTraining(
        base: model, classes: classes, loss: .multibox, startsAnew: anew, session: session)
      for parameter in try task.network(batch: 1, seed: 1).parameters.parameters
      where parameter.name.contains(".class.pointwise.bias") {
        #expect(parameter.value.values.allSatisfy { $0 == 0 }, "\(classes) \(parameter.name)")
      }
    }
  }
}

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

@Suite struct DetectionTrainingTests {
  @Test func truthsSurviveTheCache() {
    var boxes = [
      TruthBox(box: Box(x1: 1, y1: 2, x2: 31, y2: 22), classIndex: 3),
      TruthBox(box: Box(x1: 0, y1: 0, x2: 40, y2: 30), classIndex: 1, difficult: true),
      TruthBox(box: Box(x1: 5, y1: 5, x2: 15, y2: 10.5), classIndex: 254, crowd: true),
    ]
    func truth() -> DetectionTruth {
      let picture = LabelledImage(image: Image(width: 40, height: 30), mask: nil, boxes: boxes)
      let bytes = DetectionTruth(picture).bytes
      #expect(bytes.count == DetectionTruth.size)
      return DetectionTruth(bytes: ([7] + bytes)[1...])
    }
    let small = truth()
    #expect(small.things.map(\.classIndex) == [3])
    #expect(small.things[0].box == Box(x1: 1.0 / 40, y1: 2.0 / 30, x2: 31.0 / 40, y2: 22.0 / 30))
    #expect(small.ignoredThings.map(\.classIndex) == [1, 254])
    #expect(small.ignoredThings.map(\.isCrowd) == [false, true])
    // More boxes than allowed: the smallest are left out.
    boxes += (0..<200).map { TruthBox(box: Box(x1: 0, y1: 0, x2: 1, y2: 1 + Float($0) / 100), classIndex: 2) }
    let many = truth()
    #expect(many.things.count + many.ignoredThings.count == DetectionTruth.limit)
    #expect(many.things.contains { $0.classIndex == 3 })
  }

  private static let model = TestData.model("person-ssdlite")

  /// The trained layers have the same outputs as the head: both with the person detector's weights.
  @Test(.enabled(if: model != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
  func theGraphIsTheHead() throws {
    let file = try ModelFile.open(path: try #require(Self.model))
    let card = try #require(file.card.detection)
    let session = Session(threads: 2)
    let whole = try Graph(file.card)
    let graph = try LearningPart.none.graph(of: whole, backbone: Graph(file.card.backbone).nodes.count)
    let running = try Network(whole, weights: file.weights, session: session)
    let input = Synthetic.input(width: 300, height: 300)
    let maps = try running.features(of: input, taps: graph.inputTaps)
    let expected = try running.outputs(of: input)
    #expect(expected.count == 2 * card.maps)
    let network = try TrainableNetwork(
      graph, batch: 1, tapShape: { maps[$0].shape }, weights: file.weights, session: session)
    for tap in graph.inputTaps { network.input(tap).set(maps[tap].tensor.values()) }
    network.forward(isTraining: false)
    for (index, answer) in expected.enumerated() {
      let (found, values) = (network.answer(index).values, answer.tensor.values())
      try #require(found.count == values.count)
      let peak = values.map(abs).max()!
      for i in values.indices { #expect(abs(found[i] - values[i]) < 1e-4 * peak) }
    }
  }

  /// A few steps on one image reduce its loss, and the resulting model finds the image's objects.
  @Test(.enabled(if: model != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
  func aPictureIsLearned() throws {
    let file = try ModelFile.open(path: try #require(Self.model))
    let task = try DetectionTraining(
      base: file, classes: ["background", "left", "right"], loss: .multibox, session: Session(threads: 2))
    let network = try task.network(batch: 1, seed: 1)
    let objective = task.objective()
    let input = Synthetic.input(width: 300, height: 300)
    let maps = try task.backbone.features(of: input, taps: task.graph.inputTaps)
    for tap in task.graph.inputTaps { network.input(tap).set(maps[tap].tensor.values()) }
    let boxes = [
      TruthBox(box: Box(x1: 20, y1: 30, x2: 130, y2: 200), classIndex: 1),
      TruthBox(box: Box(x1: 160, y1: 100, x2: 290, y2: 280), classIndex: 2),
    ]
    let truth = DetectionTruth(LabelledImage(image: Image(width: 300, height: 300), mask: nil, boxes: boxes)).bytes
    var losses: [Double] = []
    let optimiser = Optimiser(.adamw, rate: 0.005, weightDecay: 0, warmUp: 2)
    for step in 0..<40 {
      network.forward(isTraining: true)
      losses.append(objective.loss(network, truth: truth))
      network.backward()
      optimiser.apply(to: network.parameters, step: step, of: 50, on: network.kernels)
    }
    #expect(losses[39] < 0.2 * losses[0], "\(losses[0]) to \(losses[39])")
    network.forward(isTraining: false)
    objective.beginMetric()
    objective.count(network, truth: truth, first: 1)
    #expect(objective.metric > 0.999)
    // The running head, with the written weights.
    let made = task.model(
      network, name: "made", ids: [0, 7, 8],
      provenance: Provenance(origin: "a test", licence: "MIT", sourceSHA256: String(repeating: "0", count: 64)))
    #expect(made.card.labels.map(\.id) == [7, 8])
    let running = try Network(Graph(made.card), weights: made.weights)
    let logits = try BoxLogits(running, input, outputs: task.detection.outputs)
    let anchors = DefaultBoxes(
      maps: logits.maps, minimumScale: task.detection.minimumScale, maximumScale: task.detection.maximumScale,
      inputHeight: 300, inputWidth: 300)
    let found = logits.candidates(task.detection, anchors: anchors, threshold: 0.5)
    for truth in boxes {
      let box = Box(
        x1: truth.box.x1 / 300, y1: truth.box.y1 / 300, x2: truth.box.x2 / 300, y2: truth.box.y2 / 300)
      #expect(found.contains { $0.output == truth.classIndex && $0.box.iou(with: box) > 0.5 }, "\(truth)")
    }
  }
}

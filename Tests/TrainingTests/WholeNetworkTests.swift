import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import TestSupport
import Testing
import Training
import Vision

/// Networks trained from the image on: their gradients are PyTorch's, and the trained network equals the running one.
@Suite struct WholeNetworkTests {
  private struct Recorded: Decodable {
    let gain: Double
    let tensors: [TensorGolden]
  }

  private func golden(_ network: WholeNetwork) throws -> Recorded {
    try Golden.load("training_network_\(network.rawValue).json")
  }

  @Test(arguments: WholeNetwork.allCases, KernelSet.available.map(\.isa))
  func everyGradientIsPyTorchs(_ whole: WholeNetwork, isa: InstructionSet) throws {
    let golden = try golden(whole)
    let network = try whole.network(gain: golden.gain, session: Session(threads: 2, kernels: KernelSet(isa)!))
    whole.run(network)
    var worst: (error: Float, of: String) = (0, "")
    func check(_ name: String, _ values: [Float]) {
      guard let tensor = golden.tensors.first(where: { $0.name == name }) else {
        Issue.record("no golden for \(name)")
        return
      }
      let comparison = tensor.compare(values, floor: 0.1)
      #expect(comparison.isWithin(1e-4), "\(isa) \(comparison)")
      let moments = TensorGolden.moments(values)
      #expect(abs(moments.mean - tensor.mean) <= 1e-4 * tensor.peak, "\(isa) \(name)")
      #expect(abs(moments.deviation - tensor.deviation) <= 1e-4 * tensor.peak, "\(isa) \(name)")
      if comparison.largestError > worst.error { worst = (comparison.largestError, name) }
    }
    for index in network.graph.outputs.indices { check("answer \(index)", network.answer(index).values) }
    let parameters = network.parameters.parameters
    #expect(parameters.count + network.graph.outputs.count == golden.tensors.count)
    for parameter in parameters { check("\(parameter.name) gradient", parameter.gradient.values) }
    print("\(whole.rawValue) \(isa): largest error \(worst.error), of \(worst.of)")
  }

  @Test(arguments: WholeNetwork.allCases) func gradientsAreTheSameBitsForAnyNumberOfThreads(_ whole: WholeNetwork)
    throws
  {
    let gain = try golden(whole).gain
    var first: [[UInt32]]?
    for threads in [1, 2, 3, 8] {
      let network = try whole.network(gain: gain, session: Session(threads: threads))
      whole.run(network)
      let all = network.parameters.parameters.map { $0.gradient.values.map(\.bitPattern) }
      // Compared here, so that a failure does not print all the bits.
      let isSame = first.map { $0 == all } ?? true
      #expect(isSame, "\(threads) threads")
      first = all
    }
  }

  @Test(arguments: WholeNetwork.allCases) func whatHasBeenLearnedIsWhatRuns(_ whole: WholeNetwork) throws {
    let session = Session(threads: 2)
    let network = try whole.network(gain: golden(whole).gain, session: session)
    for _ in 0..<20 { network.forward(isTraining: true) }
    network.forward(isTraining: false)
    let running = try Network(
      whole.graph(), weights: Weights(source: "test", tensors: network.folded()), session: session)
    let shape = Shape(batch: WholeNetwork.batch, height: whole.size.height, width: whole.size.width, channels: 3)
    let found = try running.outputs(of: Tensor(shape, whole.images))
    #expect(found.count == network.graph.outputs.count)
    for (index, answer) in found.enumerated() {
      #expect(answer.shape == network.answerShape(index))
      let expected = network.answer(index).values
      let peak = expected.reduce(0) { max($0, abs($1)) }
      let comparison = Comparison(
        "\(whole.rawValue) \(index)", found: answer.tensor.values(), expected: expected, floor: 0.1 * peak)
      #expect(peak > 0 && comparison.isWithin(1e-4), "\(comparison)")
    }
  }

  /// A backbone and its head are trained together on images with masks.
  @Test func everythingLearnsFromPictures() throws {
    let base = try RandomBase.model(side: 64)
    var graph = try Graph(base.card.backbone)
    let narrow = graph.pointwise("mine.narrow", try graph.value(of: .expansion(6)), outputs: 16, .hardSwish)
    let gated = graph.squeezeExcite("mine.gate", narrow, squeezed: 4)
    graph.output(graph.pointwise("mine.logits", gated, outputs: 2, .linear, isNormalised: false))

    let data = try Dataset.open(TestData.packageRoot + "/Samples/Balls").withMasks
    let (training, validation) = try data.split(by: .every(4, offset: 0))
    let samples = try TrainingSamples(
      training: training, validation: validation, variants: 1, augmentation: .none(width: 64, height: 64), seed: 1)
    let schedule = Schedule(
      epochs: 10, batch: 6, optimiser: Optimiser(.adamw, rate: 0.01, backboneFactor: 0.3, weightDecay: 0.01, warmUp: 3))
    try TestData.withTemporaryFolder { folder in
      var models: [ModelFile] = []
      for threads in [1, 2] {
        let task = try SegmentationTraining(
          base: base, classes: data.classNames, kind: .custom(graph), learning: .all,
          session: Session(threads: threads))
        #expect(task.graph.inputTaps == [Tap(Graph.image)])
        var losses: [Double] = []
        let result = try task.train(from: samples, schedule: schedule, cache: "\(folder)/\(threads)") {
          losses.append($2)
          return true
        }
        #expect(losses.count == 30)
        let (before, after) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
        #expect(after < 0.7 * before, "\(before / 5) to \(after / 5)")
        models.append(result.model)
      }
      for name in graph.parameters.map(\.name) {
        #expect(models[0].weights.isSame(as: models[1].weights, tensor: name), "\(name)")
        // The blocks behind the head's map are the base's, untrained.
        let isLearned = !name.hasPrefix("backbone.block") || isBeforeTheHead(name)
        #expect(models[0].weights.isSame(as: base.weights, tensor: name) != isLearned, "\(name)")
      }
      let image = try validation.samples[0].readImage()
      let mask = try Segmenter(models[0], threads: 1).segment(image)
      #expect(try Segmenter(models[1], threads: 2).segment(image) == mask)
      #expect(mask.width == image.width && mask.pixelCounts().count == 2)
    }
  }

  /// Whether a block's tensor comes before the expanded tensor of block 6.
  private func isBeforeTheHead(_ name: String) -> Bool {
    let parts = name.split(separator: ".")
    guard let block = Int(parts[1].dropFirst(5)) else { return false }
    return block < 6 || block == 6 && parts[2] == "expand"
  }
}

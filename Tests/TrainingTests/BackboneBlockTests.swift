import Backbone
import DeepLabLite
import Graphs
import Kernels
import ModelFiles
import PyramidLite
import TestSupport
import Testing
import Training

/// The last blocks of a backbone as trained layers: their outputs are the backbone's, their gradients are correct, and
/// missing blocks are an error.
@Suite struct BackboneBlockTests {
  static let layouts = [
    NetworkLayout.mobileNetV1(width: 0.25, outputStride: 32), .mobileNetV1(width: 0.25, outputStride: 8),
    .mobileNetV2(width: 0.35, outputStride: 32), .mobileNetV2(width: 0.35, outputStride: 8),
    .mobileNetV2(width: 0.35, outputStride: 16, ablation: Ablation(bottleneck: .relu6, shortcut: .expansions)),
    .mobileNetV2(width: 0.35, outputStride: 32, ablation: Ablation(shortcut: .none)),
    .shuffleNet(groups: 3, scale: 0.5, outputStride: 32), .shuffleNet(groups: 8, scale: 0.5, outputStride: 32),
  ]

  private func learning(_ layout: NetworkLayout) -> LearningPart { .blocks(from: layout.blocks.count - 3) }

  private func backbone(_ layout: NetworkLayout, _ session: Session) throws -> Network {
    try Network(layout.graph, weights: .random(layout.graph.parameters, seed: 2), session: session)
  }

  /// The trainable part of a graph, with an image's maps as input.
  private func network(_ graph: Graph, _ backbone: Network, session: Session) throws -> TrainableNetwork {
    let maps = try backbone.features(of: Synthetic.input(width: 97, height: 65), taps: graph.inputTaps)
    let network = try TrainableNetwork(
      graph, batch: 1, tapShape: { maps[$0].shape }, weights: .random(backbone.graph.parameters, seed: 2),
      session: session)
    for tap in graph.inputTaps { network.input(tap).set(maps[tap].tensor.values()) }
    return network
  }

  @Test(arguments: layouts) func learningBlocksAreTheBackbones(layout: NetworkLayout) throws {
    let session = Session(threads: 2)
    let backbone = try backbone(layout, session)
    // One output: the deepest block as layers of the graph, from a map of a quarter of its stride.
    let deepest = layout.graph.deepest.tap
    var whole = layout.graph
    whole.output(try whole.value(of: deepest))
    let graph = try learning(layout).graph(of: whole, backbone: whole.nodes.count)
    #expect(graph.convolutions.count < whole.convolutions.count)
    let network = try network(graph, backbone, session: session)
    network.forward(isTraining: true)
    let maps = try backbone.features(of: Synthetic.input(width: 97, height: 65), taps: [deepest])
    let expected = maps[deepest].tensor.values()
    let peak = expected.reduce(Float(0)) { max($0, abs($1)) }
    let comparison = Comparison(
      "\(layout.family) \(layout.outputStride)", found: network.answer().values, expected: expected,
      floor: 0.1 * peak)
    #expect(peak > 0 && comparison.isWithin(1e-4), "\(comparison)")
  }

  /// Along a parameter's own gradient the loss changes by the gradient's length.
  @Test(arguments: layouts) func gradientsAgreeWithFiniteDifferences(layout: NetworkLayout) throws {
    let session = Session(threads: 2)
    var whole = layout.graph
    let count = whole.nodes.count
    try whole.deepLabLite(outputs: 3, isNormalised: true)
    let graph = try learning(layout).graph(of: whole, backbone: count)
    let network = try network(graph, try backbone(layout, session), session: session)
    let shape = network.answerShape()
    let labels = (0..<shape.height * shape.width).map { UInt8($0 * 7 % 3) }
    let loss = PixelLoss(
      rows: LinearTaps(.alignCorners, input: shape.height, output: shape.height),
      columns: LinearTaps(.alignCorners, input: shape.width, output: shape.width), pictures: 1, classes: 3,
      weights: [1, 1, 1], dice: 0)
    func value(withGradients: Bool) -> Double {
      network.forward(isTraining: true)
      return loss.evaluate(
        network.kernels, network.answer(), labels: labels, gradient: withGradients ? network.answerGradient() : nil)
    }
    _ = value(withGradients: true)
    network.backward()
    let learning = network.parameters.parameters.filter { $0.name.hasPrefix("backbone.") }
    #expect(learning.count == (layout.family == .mobileNetV1 ? 2 : 3) * 2 * 3)
    // A shift from a linear bottleneck's last layer comes before the head's batch norms, which remove it.
    let shift =
      layout.family == .mobileNetV2 && layout.ablation.bottleneck == .linear ? "backbone.block16.project.bias" : nil
    for parameter in learning {
      let gradient = parameter.gradient.values
      let before = parameter.value.values
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      if parameter.name == shift {
        #expect(length < 1e-6, "\(parameter.name): \(length)")
        continue
      }
      #expect(length > 1e-4, "\(parameter.name) learns nothing: \(length)")
      let step = 1e-4 / length
      func moved(_ sign: Double) -> Double {
        parameter.value.set(zip(before, gradient).map { Float(Double($0) + sign * step * Double($1) / length) })
        return value(withGradients: false)
      }
      let slope = (moved(1) - moved(-1)) / (2 * step)
      parameter.value.set(before)
      #expect(abs(slope - length) < 0.02 * length, "\(layout.family) \(parameter.name): \(slope), expected \(length)")
    }
  }

  @Test func whatIsNotThereCannotLearn() throws {
    func reason(_ graph: Graph, _ part: LearningPart) -> String {
      var whole = graph
      whole.classifier(outputs: 2)
      do {
        _ = try part.graph(of: whole, backbone: graph.nodes.count)
        return ""
      } catch { return error.description }
    }
    let v2 = NetworkLayout.mobileNetV2().graph
    #expect(
      reason(NetworkLayout.mobileNetV1().graph, .blocks(from: 13)) == "no block13 can learn, expected block1 to block12"
    )
    #expect(reason(v2, .blocks(from: 0)) == "no block0 can learn, expected block1 to block16")
    #expect(reason(v2, .behind(Tap("elsewhere"))).contains("no tap is named elsewhere"))
    var own = Graph()
    let image = own.input()
    let narrow = own.convolution("narrow", image, outputs: 8, window: Graph.Window(3, 3, stride: 2), .relu6)
    own.name(narrow, Tap("narrow"))
    _ = own.pointwise("wide", narrow, outputs: 16, .relu6)
    #expect(reason(own, .blocks(from: 1)) == "no block1 can learn, this network has none behind another")
    for part in [LearningPart.all, .behind(Tap("narrow"))] { #expect(reason(own, part).isEmpty) }
    // The head reads a map without a name.
    #expect(reason(own, .none).contains("has no name"))
    for part in [LearningPart.none, .all, .blocks(from: 1), .blocks(from: 16), .behind(.expansion(6))] {
      #expect(reason(v2, part).isEmpty, "\(part)")
    }
  }

  @Test func theUsualPathFollowsTheStrides() {
    let v2 = ["block16", "block13/expansion", "block6/expansion", "block3/expansion"]
    for outputStride in [32, 16, 8] {
      #expect(PyramidCard.usual(on: .mobileNetV2(outputStride: outputStride)).levels == v2)
      #expect(
        PyramidCard.usual(on: .mobileNetV1(outputStride: outputStride)).levels
          == ["block12", "block10", "block4", "block2"])
      let shuffle = PyramidCard.usual(on: .shuffleNet(outputStride: outputStride))
      #expect(shuffle.levels == ["block15", "block11", "block3"] && shuffle.widths == [128, 64])
    }
    #expect(PyramidCard.usual(on: .mobileNetV2()).widths == [128, 64, 32])
    #expect(PyramidCard.usualWidths(levels: 6) == [128, 64, 32, 32, 32])
  }
}

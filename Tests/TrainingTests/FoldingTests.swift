import Backbone
import DeepLabLite
import Graphs
import Kernels
import TestSupport
import Testing
import Training

/// The trained network equals the running one: batch norm folded, on the fast kernels.
@Suite struct FoldingTests {
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35, outputStride: 16, hasLastConvolution: false)

  /// Runs a few forward passes, so that the running moments differ from their initial values.
  private func settle(_ network: TrainableNetwork) {
    for parameter in network.parameters.parameters where parameter.name.hasSuffix(".gamma") {
      parameter.value.set(TestGraph.numbers(parameter.name, parameter.value.count, 0.5, 1.5))
    }
    for parameter in network.parameters.parameters
    where parameter.shape.count == 1 && !parameter.name.hasSuffix(".gamma") {
      parameter.value.set(TestGraph.numbers(parameter.name, parameter.value.count, -0.5, 0.5))
    }
    for _ in 0..<20 { network.forward(isTraining: true) }
    network.forward(isTraining: false)
  }

  private func compare(_ title: String, _ found: [Float], _ expected: [Float]) {
    let peak = expected.reduce(0) { max($0, abs($1)) }
    let comparison = Comparison(title, found: found, expected: expected, floor: 0.1 * peak)
    #expect(peak > 0 && comparison.isWithin(1e-4), "\(comparison)")
  }

  /// Compares the trained part of a network, behind another one's maps, with the whole network.
  private func compare(_ title: String, _ whole: Graph, learning: LearningPart = .none, behind backbone: Graph) throws {
    let session = Session(threads: 2)
    let weights = Weights.random(backbone.parameters)
    let frozen = try Network(backbone, weights: weights, session: session)
    let part = try learning.graph(of: whole, backbone: backbone.nodes.count)
    let input = Tensor(Shape(height: 97, width: 65, channels: 3), TestGraph.numbers("picture", 97 * 65 * 3))
    let maps = try frozen.features(of: input, taps: part.inputTaps)
    let network = try TrainableNetwork(part, batch: 1, tapShape: { maps[$0].shape }, weights: weights, session: session)
    for tap in part.inputTaps { network.input(tap).set(maps[tap].tensor.values()) }
    settle(network)
    let learned = Weights(source: "test", tensors: network.folded())
    let running = try Network(whole, weights: learned.filled(from: weights), session: session)
    let found = try running.outputs(of: input)
    #expect(found.count == part.outputs.count)
    for (index, answer) in found.enumerated() {
      #expect(answer.shape == network.answerShape(index))
      compare("\(title) \(index)", answer.tensor.values(), network.answer(index).values)
    }
  }

  @Test func aGraphRunsAsItLearned() throws {
    let backbone = Self.layout.graph
    var g = backbone
    let expansion = try g.value(of: .expansion(13))
    let early = try g.value(of: .block(5))
    let skip = g.pointwise("thin", expansion, outputs: 56, .linear)
    let wide14 = g.pointwise("wide", skip, outputs: 336, .relu6)
    let filtered14 = g.depthwise("middle", wide14, padding: .same, .relu6)
    let thin = g.sum(g.pointwise("narrow", filtered14, outputs: 56, .linear), skip)
    let context = g.pointwise("context", g.globalPooling(thin), outputs: 24, .relu, isNormalised: false)
    let deep = g.sum(g.pointwise("deep", thin, outputs: 24, .linear), context, .relu)
    let wide = g.resize(deep, like: early, .halfPixel)
    let joined = g.concatenation(wide, g.pointwise("lateral", early, outputs: 9, .relu6))
    let filtered = g.depthwise("filter", joined, padding: .same, .relu6)
    g.output(g.pointwise("logits", filtered, outputs: 3, .linear, isNormalised: false))
    try compare("graph", g, behind: backbone)
  }

  @Test func deepLabsLayersAreItsHead() throws {
    let backbone = Self.layout.graph
    var whole = backbone
    try whole.deepLabLite(outputs: 5, isNormalised: true)
    try compare("deeplab", whole, behind: backbone)
  }
}

import Backbone
import DeepLabLite
import HeadKit
import TestSupport
import Testing
import Training

/// What has been learned is what runs: batch norm folded, on the fast kernels.
@Suite struct FoldingTests {
  private static let layout = NetworkLayout.mobileNetV2(width: 0.35, outputStride: 16, hasLastConvolution: false)

  /// Lets a network see a batch a few times, so that its running moments are not those that it began with.
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

  @Test func aGraphRunsAsItLearned() throws {
    let compute = Compute(threads: 2)
    let backbone = try Network(
      Self.layout, weights: .random(Self.layout.parameters), compute: compute)
    var g = LayerGraph()
    let expansion = g.tap(try backbone.info(.expansion(13)))
    let early = g.tap(try backbone.info(.block(5)))
    let block = Self.layout.blocks[14]
    let skip = g.pointwise("thin", expansion, outputs: block.outputs, .linear)
    let wide14 = g.pointwise("wide", skip, outputs: block.expanded, .relu6)
    let thin = g.block(block, expanded: wide14, skip: skip, padding: .same)
    let context = g.pointwise("context", g.globalPooling(thin), outputs: 24, .relu, isNormalised: false)
    let deep = g.sum(g.pointwise("deep", thin, outputs: 24, .linear), context, .relu)
    let wide = g.upsample(deep, like: early, .halfPixel)
    let joined = g.concatenation(wide, g.pointwise("lateral", early, outputs: 9, .relu6))
    let filtered = g.depthwise("filter", joined, padding: .same, .relu6)
    g.answer(g.pointwise("logits", filtered, outputs: 3, .linear, isNormalised: false))

    let input = Tensor(Shape(height: 97, width: 65, channels: 3), TestGraph.numbers("picture", 97 * 65 * 3))
    let maps = try backbone.features(of: input, taps: g.taps)
    let network = try TrainableNetwork(g, batch: 1, tapShape: { maps[$0].shape }, compute: compute)
    for tap in g.taps { network.input(tap).set(maps[tap].tensor.values()) }
    settle(network)
    let head = try GraphHead(g, weights: Weights(source: "test", tensors: network.folded()), compute: compute)
    let answers = head(maps)
    #expect(answers.count == 1)
    compare("graph", answers[0].tensor.values(), network.answer().values)
  }

  @Test func deepLabsLayersAreItsHead() throws {
    let compute = Compute(threads: 2)
    let backbone = try Network(Self.layout, weights: .random(Self.layout.parameters), compute: compute)
    let deepest = Tap.block(16)
    let g = try DeepLabLiteHead.graph(outputs: 5, on: Self.layout)
    #expect(Set(g.parameters) == Set(DeepLabLiteHead.parameters(outputs: 5, layout: Self.layout)))

    let input = Tensor(Shape(height: 97, width: 65, channels: 3), TestGraph.numbers("picture", 97 * 65 * 3))
    let maps = try backbone.features(of: input, taps: [deepest])
    let network = try TrainableNetwork(g, batch: 1, tapShape: { maps[$0].shape }, compute: compute)
    network.input(deepest).set(maps[deepest].tensor.values())
    settle(network)
    let card = SegmentationCard(
      outputs: 5, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-3)
    let head = try DeepLabLiteHead(
      card, on: backbone, weights: Weights(source: "test", tensors: network.folded()))
    compare("deeplab", head(maps).tensor.values(), network.answer().values)
  }
}

import Backbone
import DeepLabLite
import HeadKit
import PyramidLite
import TestSupport
import Testing
import Training

/// The last blocks of a backbone as layers that learn: they compute what the backbone does, their gradients are right, and
/// where a network's blocks do not learn that is an error.
@Suite struct BackboneBlockTests {
  static let layouts = [
    NetworkLayout.mobileNetV1(width: 0.25, outputStride: 32), .mobileNetV1(width: 0.25, outputStride: 8),
    .mobileNetV2(width: 0.35, outputStride: 32), .mobileNetV2(width: 0.35, outputStride: 8),
  ]

  /// A DeepLabV3-lite head with three blocks below it that learn, fed with a picture's maps.
  private func network(_ layout: NetworkLayout, _ backbone: Network, compute: Compute) throws -> TrainableNetwork {
    let graph = try DeepLabLiteHead.graph(outputs: 3, on: layout, firstLearning: layout.blocks.count - 3)
    let maps = try backbone.features(of: Synthetic.input(width: 97, height: 65), taps: graph.taps)
    let network = try TrainableNetwork(
      graph, batch: 1, tapShape: { maps[$0].shape }, weights: .random(layout.parameters, seed: 2), compute: compute)
    for tap in graph.taps { network.input(tap).set(maps[tap].tensor.values()) }
    return network
  }

  private func backbone(_ layout: NetworkLayout, _ compute: Compute) throws -> Network {
    try Network(layout, weights: .random(layout.parameters, seed: 2), compute: compute)
  }

  @Test(arguments: layouts) func learningBlocksAreTheBackbones(layout: NetworkLayout) throws {
    let compute = Compute(threads: 2)
    let backbone = try backbone(layout, compute)
    // One answer: the deepest block by layers of the graph, from a map two halvings above it.
    var graph = LayerGraph()
    var trunk = try GraphTrunk(layout, firstLearning: layout.blocks.count - 3)
    graph.answer(try trunk.value(layout.deepestBlock, in: &graph))
    let maps = try backbone.features(
      of: Synthetic.input(width: 97, height: 65), taps: graph.taps + [layout.deepestBlock])
    let head = try GraphHead(graph, weights: .random(layout.parameters, seed: 2), compute: compute)
    let expected = maps[layout.deepestBlock].tensor.values()
    let peak = expected.reduce(Float(0)) { max($0, abs($1)) }
    let comparison = Comparison(
      "\(layout.family) \(layout.outputStride)", found: head(maps)[0].tensor.values(), expected: expected,
      floor: 0.1 * peak)
    #expect(peak > 0 && comparison.isWithin(1e-4), "\(comparison)")
  }

  /// Along a parameter's own gradient the loss changes by the gradient's length.
  @Test(arguments: layouts) func gradientsAgreeWithFiniteDifferences(layout: NetworkLayout) throws {
    let compute = Compute(threads: 2)
    let network = try network(layout, try backbone(layout, compute), compute: compute)
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
    let expands = layout.family == .mobileNetV2
    #expect(learning.count == (expands ? 3 : 2) * 2 * 3)
    for parameter in learning {
      let gradient = parameter.gradient.values
      let before = parameter.value.values
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      if expands, parameter.name == "backbone.block16.project.bias" {
        // Behind it come the head's batch norms, to which a shift is nothing.
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

  @Test func whatCannotLearnIsAnError() {
    func reason(_ layout: NetworkLayout, _ first: Int) -> String {
      do {
        _ = try GraphTrunk(layout, firstLearning: first)
        return ""
      } catch { return error.description }
    }
    #expect(reason(.shuffleNet(), 14).contains("shufflenet do not learn"))
    #expect(reason(.mobileNetV1(), 13) == "no block13 of mobilenet-v1 can learn, expected block1 to block12")
    #expect(reason(.mobileNetV2(), 0) == "no block0 of mobilenet-v2 can learn, expected block1 to block16")
    #expect(reason(.mobileNetV2(ablation: Ablation(shortcut: .none)), 14).contains("ablation"))
    #expect(reason(.mobileNetV1(), 12).isEmpty)
    #expect(throws: BackboneError.self) {
      try PyramidLiteHead.graph(outputs: 2, .usual(on: .shuffleNet()), on: .shuffleNet(), firstLearning: 12)
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

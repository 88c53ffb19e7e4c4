import Backbone
import Graphs
import Kernels
import TestSupport
import Tensors
import Testing
import Training

/// Blocks that are one step against the same layers as steps of their own.
@Suite struct BlockStepTests {
  /// A block's make-up and its maps.
  struct Case: CustomTestStringConvertible {
    let inputs, expanded, outputs: Int
    let height, width, stride, dilation: Int
    let padding: Padding
    let batch: Int
    var hasExpansion = true
    var activation = Activation.relu6
    /// Whether the block's input has another reader, whose gradient is there first.
    var isShared = false

    var testDescription: String {
      "\(inputs)-\(expanded)-\(outputs), \(batch)x\(height)x\(width), /\(stride), dilation \(dilation), \(padding)"
    }
  }

  static let cases = [
    Case(
      inputs: 8, expanded: 48, outputs: 16, height: 9, width: 11, stride: 1, dilation: 1, padding: .symmetric, batch: 3),
    Case(inputs: 8, expanded: 48, outputs: 8, height: 12, width: 10, stride: 2, dilation: 1, padding: .same, batch: 2),
    Case(inputs: 5, expanded: 21, outputs: 7, height: 13, width: 9, stride: 2, dilation: 1, padding: .same, batch: 1),
    Case(
      inputs: 16, expanded: 32, outputs: 24, height: 14, width: 15, stride: 2, dilation: 1, padding: .symmetric,
      batch: 17,
      isShared: true),
    Case(inputs: 8, expanded: 32, outputs: 8, height: 10, width: 7, stride: 1, dilation: 2, padding: .same, batch: 9),
    Case(
      inputs: 8, expanded: 19, outputs: 8, height: 6, width: 5, stride: 1, dilation: 4, padding: .symmetric, batch: 2),
    Case(
      inputs: 24, expanded: 24, outputs: 12, height: 8, width: 9, stride: 1, dilation: 1, padding: .same, batch: 4,
      hasExpansion: false, isShared: true),
    Case(
      inputs: 32, expanded: 32, outputs: 16, height: 7, width: 7, stride: 2, dilation: 1, padding: .symmetric, batch: 3,
      hasExpansion: false, activation: .relu),
    Case(inputs: 4, expanded: 16, outputs: 4, height: 1, width: 1, stride: 1, dilation: 1, padding: .same, batch: 20),
    Case(inputs: 4, expanded: 16, outputs: 4, height: 1, width: 2, stride: 2, dilation: 1, padding: .same, batch: 2),
    // Wide enough for several strips and for rows that are computed one by one.
    Case(inputs: 8, expanded: 96, outputs: 8, height: 21, width: 150, stride: 1, dilation: 1, padding: .same, batch: 2),
    Case(
      inputs: 8, expanded: 96, outputs: 8, height: 33, width: 131, stride: 2, dilation: 1, padding: .symmetric,
      batch: 2,
      activation: .linear, isShared: true),
    Case(
      inputs: 8, expanded: 200, outputs: 8, height: 90, width: 61, stride: 1, dilation: 1, padding: .symmetric, batch: 1
    ),
  ]

  private static func network(_ one: Case, threads: Int, isa: InstructionSet, fused: Bool) throws -> TrainableNetwork {
    var graph = Graph()
    let image = graph.input(channels: 3)
    // A layer in front, so that the block's input has a gradient.
    let x = graph.pointwise("front", image, outputs: one.inputs, .linear, isNormalised: false)
    let expanded =
      one.hasExpansion ? graph.pointwise("expand", x, outputs: one.expanded, one.activation, isNormalised: false) : x
    let middle = graph.depthwise(
      "depthwise", expanded, stride: one.stride, dilation: one.dilation, padding: one.padding, one.activation,
      isNormalised: false)
    graph.output(graph.pointwise("project", middle, outputs: one.outputs, .linear, isNormalised: false))
    if one.isShared { graph.output(graph.pointwise("other", x, outputs: 3, .linear, isNormalised: false)) }
    let network = try TrainableNetwork(
      graph, batch: one.batch, tapShape: { _ in Shape(height: one.height, width: one.width, channels: 3) },
      fusesBlocks: fused, session: Session(threads: threads, kernels: KernelSet(isa)!))
    for parameter in network.parameters.parameters {
      var random = SplitMix64(named: parameter.name)
      parameter.value.set(random.floats(parameter.value.count, in: -0.6, 0.8))
    }
    var random = SplitMix64(named: "image")
    let input = network.input(Tap(Graph.image))
    input.set(random.floats(input.count, in: -1, 1))
    return network
  }

  /// The outputs, and the gradients of all parameters.
  private static func results(_ one: Case, threads: Int, isa: InstructionSet, fused: Bool) throws -> [(String, [Float])]
  {
    let network = try network(one, threads: threads, isa: isa, fused: fused)
    network.forward(isTraining: true)
    for index in network.graph.outputs.indices {
      var random = SplitMix64(named: "gradient \(index)")
      network.answerGradient(index).set(random.floats(network.answer(index).count, in: -1, 1))
    }
    network.backward()
    return network.graph.outputs.indices.map { ("output \($0)", network.answer($0).values) }
      + network.parameters.parameters.map { ($0.name, $0.gradient.values) }
  }

  @Test("one step gives the outputs and gradients of single layers", arguments: KernelSet.available.map(\.isa), cases)
  func agreesWithSingleLayers(isa: InstructionSet, one: Case) throws {
    let expected = try Self.results(one, threads: 2, isa: isa, fused: false)
    let found = try Self.results(one, threads: 2, isa: isa, fused: true)
    #expect(found.map(\.0).sorted() == expected.map(\.0).sorted())
    for (name, values) in expected {
      let own = try #require(found.first { $0.0 == name }).1
      let largest = values.reduce(Float(1)) { max($0, abs($1)) }
      let worst = zip(own, values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(own.count == values.count && worst <= 2e-5 * largest, "\(name): off by \(worst) of \(largest)")
    }
  }

  @Test("the same bits for any number of threads", arguments: cases) func threads(one: Case) throws {
    let isa = KernelSet.chosen.isa
    let single = try Self.results(one, threads: 1, isa: isa, fused: true)
    for threads in [2, 3, 8] {
      let several = try Self.results(one, threads: threads, isa: isa, fused: true)
      for (a, b) in zip(single, several) {
        #expect(a.1.map(\.bitPattern) == b.1.map(\.bitPattern), "\(a.0) with \(threads) threads")
      }
    }
  }
}

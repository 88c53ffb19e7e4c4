import Backbone
import Graphs
import Kernels
import TestSupport
import Testing

/// Random graphs of every operation and every pattern of the compiler, compared with plain loops.
@Suite(.timeLimit(.minutes(4))) struct CompilerTests {
  private static let activations: [Activation] = [.linear, .relu, .relu6, .hardSwish, .hardSigmoid, .sigmoid]

  /// A random graph of some nodes on an image, each with random earlier values as inputs.
  private static func graph(_ random: inout SplitMix64) -> Graph {
    var graph = Graph()
    let padding: Padding = random.integer(in: 0...1) == 0 ? .same : .symmetric
    func activation() -> Activation { activations[random.integer(in: 0...5)] }
    var values = [
      graph.convolution(
        "stem", graph.input(), outputs: random.integer(in: 3...20),
        window: Graph.Window(3, 3, stride: 2, padding: padding), random.integer(in: 0...1) == 0 ? .relu6 : activation())
    ]
    var names = 0
    func name() -> String {
      names += 1
      return "layer\(names)"
    }
    func pick() -> Graph.Value { values[max(0, values.count - 1 - random.integer(in: 0...2))] }
    func depthwise(_ x: Graph.Value, _ a: Activation, stride: Int = 1) -> Graph.Value {
      graph.depthwise(
        name(), x, kernel: random.integer(in: 0...3) == 0 ? 5 : 3, stride: stride, dilation: random.integer(in: 1...2),
        padding: padding, a)
    }
    for _ in 0..<random.integer(in: 3...9) {
      let x = pick()
      switch random.integer(in: 0...11) {
      case 0, 1:
        // An inverted residual, with or without its skip connection.
        let wide = graph.pointwise(name(), x, outputs: random.integer(in: 4...40), .relu6)
        let filtered = depthwise(wide, .relu6)
        let isAdded = random.integer(in: 0...1) == 0
        let thin = graph.pointwise(
          name(), filtered, outputs: isAdded ? x.channels : random.integer(in: 2...24), .linear)
        values.append(isAdded ? graph.sum(thin, x, random.integer(in: 0...1) == 0 ? .linear : .relu) : thin)
        if random.integer(in: 0...2) == 0 { values.append(wide) }
        if random.integer(in: 0...3) == 0 { values.append(filtered) }
      case 2:
        let filtered = depthwise(x, activation())
        values.append(graph.pointwise(name(), filtered, outputs: random.integer(in: 1...24), activation()))
      case 3:
        // Two separable predictors of one map.
        for _ in 0..<2 {
          let filtered = graph.depthwise(name(), x, padding: padding, .relu6)
          values.append(graph.pointwise(name(), filtered, outputs: random.integer(in: 1...12), .linear))
        }
      case 4:
        let a = graph.pointwise(name(), x, outputs: random.integer(in: 1...24), .relu)
        let b = graph.pointwise(name(), a, outputs: random.integer(in: 1...24), activation())
        values.append(b)
      case 5:
        // A single pixel beside maps.
        let pixel = graph.pointwise(name(), graph.globalPooling(x), outputs: random.integer(in: 1...9), .relu)
        var parts = [pixel, graph.pointwise(name(), x, outputs: random.integer(in: 1...9), .relu)]
        if random.integer(in: 0...1) == 0 {
          parts.append(
            graph.convolution(
              name(), x, outputs: 5, window: Graph.Window(3, 3, dilation: 3, padding: padding), activation()))
        }
        let joined = graph.concatenation(parts)
        values.append(graph.pointwise(name(), joined, outputs: random.integer(in: 1...16), activation()))
        if random.integer(in: 0...2) == 0 { values.append(joined) }
      case 6:
        values.append(graph.squeezeExcite(name(), x, squeezed: random.integer(in: 1...6), activation(), activation()))
      case 7:
        // ShuffleNet's unit, and its parts.
        let groups = random.integer(in: 2...3)
        let narrow = graph.pointwise(name(), x, outputs: groups * random.integer(in: 1...6), .relu)
        let grouped =
          random.integer(in: 0...1) == 0
          ? graph.pointwise(name(), narrow, outputs: groups * random.integer(in: 1...9), groups: groups, .relu) : narrow
        let filtered = depthwise(graph.shuffle(grouped, groups: groups), .linear)
        let out = graph.pointwise(
          name(), filtered, outputs: groups * random.integer(in: 1...7), groups: groups, .relu)
        values.append(out)
        values.append(graph.concatenation(graph.pooling(x, .average(Graph.Window(3, 3, padding: padding))), out))
      case 8:
        values.append(
          graph.pooling(x, .maximum(Graph.Window(3, 3, stride: random.integer(in: 1...2), padding: padding))))
      case 9:
        values.append(
          graph.convolution(
            name(), x, outputs: random.integer(in: 1...9),
            window: Graph.Window(
              random.integer(in: 0...1) == 0 ? 1 : 5, 3, stride: random.integer(in: 1...2), padding: padding),
            activation()))
      case 10:
        let small = graph.pointwise(name(), depthwise(x, .relu6, stride: 2), outputs: x.channels, .linear)
        values.append(
          graph.sum(
            graph.pointwise(name(), x, outputs: x.channels, .linear), graph.resize(small, like: x, .halfPixel), .relu6))
      default: values.append(graph.activation(x, activation()))
      }
    }
    // Some intermediate values are outputs too.
    var outputs: [Graph.Value] = [values.last!]
    for value in values.dropLast() where random.integer(in: 0...5) == 0 { outputs.append(value) }
    for output in outputs where !graph.outputs.contains(output.index) { graph.output(output) }
    return graph
  }

  @Test(arguments: 0..<16) func whatRunsIsWhatPlainLoopsCompute(part: Int) throws {
    for seed in part * 25..<(part + 1) * 25 {
      var random = SplitMix64(seed: UInt64(seed) &* 977 &+ 5)
      let graph = Self.graph(&random)
      let weights = Weights.random(graph.parameters, seed: UInt64(seed))
      let (height, width) = (random.integer(in: 33...45), random.integer(in: 33...45))
      let input = Synthetic.input(width: width, height: height)
      let expected = try PlainLayers(weights: weights).outputs(graph) { _ in PlainMap(input) }
      let kernels = KernelSet.available[seed % KernelSet.available.count]
      var first: [[Float]]?
      for threads in [1, 3] {
        let network = try Network(graph, weights: weights, session: Session(threads: threads, kernels: kernels))
        let found = try network.outputs(of: input)
        for (index, (map, plain)) in zip(found, expected).enumerated() {
          #expect(map.shape == plain.shape, "seed \(seed)")
          let peak = plain.values.reduce(Float(1e-3)) { max($0, abs($1)) }
          let worst = zip(map.tensor.values(), plain.values).reduce(Float(0)) {
            max($0, $1.0.isFinite ? abs($1.0 - $1.1) / peak : .infinity)
          }
          #expect(worst < 1e-4, "seed \(seed), \(kernels.isa), \(threads) threads, output \(index): off by \(worst)")
        }
        let values = found.map { $0.tensor.values() }
        #expect(values == first ?? values, "seed \(seed): other bits with \(threads) threads")
        first = first ?? values
      }
    }
  }
}

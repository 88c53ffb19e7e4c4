import Backbone
import Graphs
import Kernels
import TestSupport
import Testing

import Training

/// A graph with every kind of layer, the same as in `Tests/Golden/generate_training.py`.
struct TestGraph {
  static let batch = 2
  let network: TrainableNetwork
  let dice: Float

  init(session: Session, dice: Float = 0) throws {
    self.dice = dice
    var g = Graph()
    let aIn = g.input("block3", channels: 32)
    let bIn = g.input("block1", channels: 24)
    let a = g.pointwise("a", aIn, outputs: 19, .relu6)
    let d = g.depthwise("d", a, stride: 2, padding: .same, .relu)
    let e = g.depthwise("e", d, dilation: 2, padding: .same, .relu6, isNormalised: false)
    let p = g.pointwise("p", e, outputs: 24, .linear, isNormalised: false)
    let s = g.sum(p, bIn, .relu6)
    let pooled = g.globalPooling(s)
    let gate = g.pointwise("g", pooled, outputs: 17, .relu, isNormalised: false)
    let q = g.pointwise("q", s, outputs: 17, .linear, isNormalised: false)
    let r = g.sum(q, gate, .relu)
    let c = g.concatenation(r, pooled)
    let u = g.resize(c, like: a, .halfPixel)
    let v = g.depthwise("v", u, padding: .symmetric, .relu6)
    let t = g.concatenation(v, a)
    g.output(g.pointwise("l", t, outputs: 3, .linear, isNormalised: false))
    network = try TrainableNetwork(
      g, batch: TestGraph.batch,
      tapShape: { tap in
        tap == .block(3) ? Shape(height: 9, width: 8, channels: 32) : Shape(height: 5, width: 4, channels: 24)
      }, session: session)
    for parameter in network.parameters.parameters { parameter.value.set(TestGraph.values(parameter)) }
    network.input(.block(3)).set(TestGraph.numbers("input a", 2 * 9 * 8 * 32, -1, 2))
    network.input(.block(1)).set(TestGraph.numbers("input b", 2 * 5 * 4 * 24, -1, 2))
  }

  static func numbers(_ name: String, _ count: Int, _ low: Float = -1, _ high: Float = 1) -> [Float] {
    var generator = SplitMix64(named: name)
    return generator.floats(count, in: low, high)
  }

  private static func values(_ parameter: Parameter) -> [Float] {
    let count = parameter.shape.reduce(1, *)
    if parameter.name.hasSuffix(".gamma") { return numbers(parameter.name, count, 0.5, 1.5) }
    if parameter.shape.count == 1 { return numbers(parameter.name, count, -0.5, 0.8) }
    if parameter.shape.count == 3 { return numbers(parameter.name, count, -0.6, 0.6) }
    let bound = Float((3.5 / Double(parameter.shape[0])).squareRoot())
    return numbers(parameter.name, count, -bound, bound)
  }

  static let labels: [UInt8] = {
    var generator = SplitMix64(named: "labels")
    return (0..<2 * 17 * 15).map { _ in
      let label = generator.next() % 4
      return label == 3 ? 255 : UInt8(label)
    }
  }()

  /// The loss, with or without the gradients.
  func loss(withGradients: Bool) -> Double {
    network.forward(isTraining: true)
    let shape = network.answerShape()
    return PixelLoss(
      rows: LinearTaps(.alignCorners, input: shape.height, output: 17),
      columns: LinearTaps(.alignCorners, input: shape.width, output: 15), pictures: TestGraph.batch, classes: 3,
      weights: [0.5, 1, 2], dice: dice
    ).evaluate(
      network.kernels, network.answer(), labels: TestGraph.labels,
      gradient: withGradients ? network.answerGradient() : nil)
  }
}

@Suite struct GradientTests {
  private struct Recorded: Decodable {
    let loss: Double
    let tensors: [TensorGolden]
  }

  @Test(arguments: KernelSet.available.map(\.isa), [Float(0), 0.7])
  func everyLayerAgreesWithPyTorch(_ isa: InstructionSet, dice: Float) throws {
    let golden: Recorded = try Golden.load(dice > 0 ? "training_gradients_dice.json" : "training_gradients.json")
    let graph = try TestGraph(session: Session(threads: 2, kernels: KernelSet(isa)!), dice: dice)
    let loss = graph.loss(withGradients: true)
    #expect(abs(loss - golden.loss) < 1e-6 * golden.loss, "loss \(loss), expected \(golden.loss)")
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
    }
    check("answer", graph.network.answer().values)
    check("answer gradient", graph.network.answerGradient().values)
    graph.network.backward()
    let parameters = graph.network.parameters.parameters
    #expect(parameters.count == golden.tensors.count - 2)
    for parameter in parameters { check("\(parameter.name) gradient", parameter.gradient.values) }
  }

  /// Along a parameter's own gradient the loss changes by the gradient's length.
  @Test func everyGradientAgreesWithFiniteDifferences() throws {
    let graph = try TestGraph(session: Session(threads: 1), dice: 0.7)
    _ = graph.loss(withGradients: true)
    graph.network.backward()
    for parameter in graph.network.parameters.parameters {
      let gradient = parameter.gradient.values
      let value = parameter.value.values
      let length = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      // A step that changes the loss by a fixed amount, far above rounding and small against the curvature.
      let step = 1e-4 / length
      func moved(_ sign: Double) -> Double {
        parameter.value.set(zip(value, gradient).map { Float(Double($0) + sign * step * Double($1) / length) })
        return graph.loss(withGradients: false)
      }
      let slope = (moved(1) - moved(-1)) / (2 * step)
      parameter.value.set(value)
      #expect(abs(slope - length) < 0.01 * length, "\(parameter.name): \(slope), expected \(length)")
    }
  }

  @Test func gradientsAreTheSameBitsForAnyNumberOfThreads() throws {
    var first: [[Float]]?
    for threads in [1, 2, 3, 8] {
      let graph = try TestGraph(session: Session(threads: threads))
      _ = graph.loss(withGradients: true)
      graph.network.backward()
      let all = graph.network.parameters.parameters.map(\.gradient.values)
      if let first { #expect(all == first, "\(threads) threads") } else { first = all }
    }
  }

  private struct Steps: Decodable {
    struct Case: Decodable {
      let kind: Optimiser.Kind
      let values: [Float]
    }
    let cases: [Case]
  }

  @Test(arguments: KernelSet.available.map(\.isa)) func optimisersAgreeWithPyTorch(_ isa: InstructionSet) throws {
    let golden: Steps = try Golden.load("training_optimisers.json")
    #expect(golden.cases.map(\.kind) == Optimiser.Kind.allCases)
    for one in golden.cases {
      let set = ParameterSet()
      set.add(
        Parameter(
          name: "w", shape: [37], values: TestGraph.numbers("w", 37), decays: true, block: nil))
      var optimiser = Optimiser(one.kind, rate: one.kind == .sgd ? 0.1 : 0.01, warmUp: 1_000_000)
      optimiser.weightDecay = one.kind == .sgd ? 0.01 : 0.05
      let kernels = TrainingKernels(Session(threads: 1, kernels: KernelSet(isa)!))
      // A constant rate for the golden's steps: no warm-up.
      optimiser.warmUp = 0
      for step in 0..<7 {
        set.parameters[0].gradient.set(TestGraph.numbers("gradient \(step)", 37))
        optimiser.apply(to: set, step: step, of: .max, on: kernels)
      }
      let comparison = Comparison(
        "\(isa) \(one.kind)", found: set.parameters[0].value.values, expected: one.values, floor: 0.1)
      #expect(comparison.isWithin(1e-5), "\(comparison)")
    }
  }

  @Test func theRateRisesAndFallsAlongACosine() {
    let optimiser = Optimiser(.sgd, rate: 2, warmUp: 10)
    #expect(optimiser.rate(atStep: 0, of: 110) == 0.2)
    #expect(optimiser.rate(atStep: 9, of: 110) == 2)
    #expect(optimiser.rate(atStep: 10, of: 110) == 2)
    #expect(abs(optimiser.rate(atStep: 60, of: 110) - 1) < 1e-6)
    #expect(abs(optimiser.rate(atStep: 35, of: 110) - (1 + Float(0.5).squareRoot())) < 1e-6)
    #expect(optimiser.rate(atStep: 109, of: 110) < 0.001)
  }
}

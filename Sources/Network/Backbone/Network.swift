@_exported import Graphs
@_exported import Kernels
@_exported import ModelFiles
import Synchronization
@_exported import Tensors

/// A graph with packed weights, run for its outputs or its taps; immutable and safe to share between threads.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (CVPR 2018), table 2 and section 6.3; "MobileNets"
/// (2017), table 1; "ShuffleNet" (CVPR 2018), table 1.
public final class Network: Sendable {
  /// The least height and width of an image in pixels, 33.
  public static let minimumExtent = InputCard.leastSide

  /// The limit of a graph's working memory in bytes; a graph may come from an untrusted file.
  private static let mostMemory = 4 << 30

  /// The network's operations, with at least one output.
  public let graph: Graph
  /// The kernels, threads and scratch memory of the runs.
  public let session: Session

  private let weights: PackedWeights
  private let plans = Mutex<[PlanKey: Plan]>([:])
  /// The input nodes.
  private let inputs: [Int]

  private struct PlanKey: Hashable {
    let inputs: [Shape]
    let wanted: [Int]
  }

  /// Packs the weights of the network that a card describes.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape, `.unknownNetwork`.
  /// - Complexity: O(weights).
  public convenience init(_ card: BackboneCard, weights: Weights, session: Session = Session()) throws(BackboneError) {
    try self.init(Graph(card), weights: weights, session: session)
  }

  /// Packs the weights of a network.
  ///
  /// - Parameter graph: its inputs are an image or feature maps. A graph without outputs is a backbone, and its deepest
  ///   map is the output.
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape, and the graph's `fault`.
  public convenience init(_ graph: Graph, weights: Weights, session: Session = Session()) throws(BackboneError) {
    if let fault = graph.fault { throw BackboneError(fault) }
    guard !graph.nodes.isEmpty else { throw .unusableLayer(place: 0, reason: "is not there") }
    var graph = graph
    if graph.outputs.isEmpty { graph.output(graph.value(at: graph.nodes.count - 1)) }
    let packed: PackedWeights
    do { packed = try PackedWeights(graph, weights, session) } catch { throw .weights(error) }
    self.init(graph, packed, session)
  }

  private init(_ graph: Graph, _ weights: PackedWeights, _ session: Session) {
    self.graph = graph
    self.weights = weights
    self.session = session
    inputs = graph.nodes.indices.filter { graph.nodes[$0].operation == .input }
  }

  /// The same network on another session.
  ///
  /// The packed weights are shared, working memory is not.
  ///
  /// For throughput, use one network of one thread for each core.
  ///
  /// - Parameter session: with kernels of the same instruction set.
  public func running(on session: Session) -> Network {
    precondition(session.kernels.isa == self.session.kernels.isa, "weights are packed for \(self.session.kernels.isa)")
    return Network(graph, weights, session)
  }

  /// Every tap, shallow to deep.
  public var taps: [TapInfo] { graph.taps }

  /// The channels and the stride of a tap.
  ///
  /// - Throws: `BackboneError.noSuchTap`, with the existing taps.
  public func info(_ tap: Tap) throws(BackboneError) -> TapInfo {
    do { return try graph.info(tap) } catch { throw BackboneError(error) }
  }

  /// Computes the feature maps of some taps, and nothing beyond the deepest one.
  ///
  /// - Parameters:
  ///   - input: normalised images `[N, H, W, 3]`, at least 33 pixels on both axes.
  ///   - taps: the taps of the maps, in any order.
  /// - Throws: `BackboneError` when the input has another shape or a tap does not exist.
  /// - Complexity: about 300 million multiply-adds for MobileNetV2 1.0 at 224 by 224; see `Graph.costs`.
  public func features(of input: borrowing Tensor, taps: [Tap]) throws(BackboneError) -> FeatureMaps {
    let wanted = try wanted(taps)
    let tensors = try run(input, wanted: wanted, observer: { _ in })
    return FeatureMaps(
      Dictionary(uniqueKeysWithValues: zip(wanted, tensors).map { (Tap(graph.nodes[$0].name!), $1) }))
  }

  /// Computes the graph's outputs.
  ///
  /// - Parameter input: normalised images `[N, H, W, 3]`, at least 33 pixels on both axes.
  /// - Returns: `[N, H', W', channels]` for each output, in the graph's order.
  /// - Throws: `BackboneError` when the input has another shape.
  public func outputs(of input: borrowing Tensor) throws(BackboneError) -> [SharedTensor] {
    try run(input, wanted: graph.outputs, observer: { _ in })
  }

  /// The graph's outputs, with an observer called after each step of the plan.
  package func outputs(
    of input: borrowing Tensor, observer: (_ step: Int) -> Void
  ) throws(BackboneError) -> [SharedTensor] {
    try run(input, wanted: graph.outputs, observer: observer)
  }

  private func run(
    _ input: borrowing Tensor, wanted: [Int], observer: (_ step: Int) -> Void
  ) throws(BackboneError) -> [SharedTensor] {
    let (shape, values) = (input.shape, unique(wanted))
    guard !wanted.isEmpty else { return [] }
    // Values inside fused passes come from a separate run, so that a value's bits never depend on the other taps.
    let inside = values.filter(weights.isInside)
    if !inside.isEmpty, inside.count < values.count {
      let others = values.filter { !weights.isInside($0) }
      let (a, b) = (
        try run(input, wanted: others, observer: observer), try run(input, wanted: inside, observer: { _ in })
      )
      let maps = Dictionary(uniqueKeysWithValues: zip(others + inside, a + b))
      return wanted.map { maps[$0]! }
    }
    let plan = try plan(height: shape.height, width: shape.width, channels: shape.channels, wanted: values)
    let maps = plan.shapes.map { one in
      SharedTensor(
        unsafe Tensor(
          undefined: Shape(batch: shape.batch, height: one.height, width: one.width, channels: one.channels)))
    }
    let workspace = session.workspaces.take(bytes: plan.arenaSize)
    unsafe input.withUnsafeElements { elements in
      for image in 0..<shape.batch {
        let pointers = unsafe zip(maps, plan.shapes).map { map, one in
          unsafe map.tensor.withUnsafeElements { unsafe UnsafeMutableRawPointer($0.baseAddress! + image * one.count) }
        }
        unsafe plan.run(
          on: session,
          Plan.Memory(
            inputs: [UnsafeRawPointer(elements.baseAddress! + image * shape.count / shape.batch)], maps: pointers,
            arena: workspace.raw), observer: observer)
      }
    }
    session.workspaces.give(workspace)
    return wanted.map { maps[values.firstIndex(of: $0)!] }
  }

  /// Computes some outputs of one image into the caller's memory.
  ///
  /// - Parameters:
  ///   - range: the indices of the graph's outputs, no value twice.
  ///   - maps: memory for each output, as many floats as its shape has.
  @unsafe package func run(
    _ input: borrowing Tensor, _ range: Range<Int>, into maps: [UnsafeMutablePointer<Float>],
    observer: (_ step: Int) -> Void = { _ in }
  ) throws(BackboneError) {
    let shape = input.shape
    let count = unsafe maps.count
    precondition(shape.batch == 1 && count == range.count, "\(count) maps, batch \(shape.batch)")
    let plan = try plan(
      height: shape.height, width: shape.width, channels: shape.channels, wanted: Array(graph.outputs[range]))
    let workspace = session.workspaces.take(bytes: plan.arenaSize)
    unsafe input.withUnsafeElements { elements in
      unsafe plan.run(
        on: session,
        Plan.Memory(
          inputs: [UnsafeRawPointer(elements.baseAddress!)], maps: maps.map { UnsafeMutableRawPointer($0) },
          arena: workspace.raw),
        observer: observer)
    }
    session.workspaces.give(workspace)
  }

  /// The shapes of some outputs, all by default, for one image of that size.
  ///
  /// - Parameters:
  ///   - height: rows of the image, at least 33.
  ///   - width: columns of the image, at least 33.
  ///   - range: the indices of the outputs.
  /// - Throws: `BackboneError` when the image is too small.
  public func outputShapes(height: Int, width: Int, _ range: Range<Int>? = nil) throws(BackboneError) -> [Shape] {
    let wanted = Array(graph.outputs[range ?? graph.outputs.indices])
    return try plan(height: height, width: width, wanted: wanted).shapes
  }

  /// The number of a run's steps before the first step with a node from `node` on.
  package func steps(before node: Int, height: Int, width: Int, _ range: Range<Int>) throws(BackboneError) -> Int {
    let plan = try plan(height: height, width: width, wanted: Array(graph.outputs[range]))
    return plan.steps.prefix { $0.firstNode < node }.count
  }

  private func unique(_ values: [Int]) -> [Int] {
    Set(values).count == values.count ? values : values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The graph's outputs, each once.
  var outputs: [Int] { unique(graph.outputs) }

  /// The values of taps, each once.
  func wanted(_ taps: [Tap]) throws(BackboneError) -> [Int] {
    do {
      return unique(try taps.map { (tap) throws(GraphError) in try graph.value(of: tap).index })
    } catch { throw BackboneError(error) }
  }

  /// The plan for an input of that size: the cached one, or a new one.
  func plan(height: Int, width: Int, channels: Int = 3, wanted: [Int]) throws(BackboneError) -> Plan {
    precondition(inputs.count == 1, "a graph with \(inputs.count) inputs")
    let expected = graph.nodes[inputs[0]].channels
    guard channels == expected else { throw .inputChannels(expected: expected, found: channels) }
    guard min(height, width) >= Network.minimumExtent || graph.nodes[inputs[0]].name != Graph.image else {
      throw .inputTooSmall(height: height, width: width, minimum: Network.minimumExtent)
    }
    let key = PlanKey(inputs: [Shape(height: height, width: width, channels: channels)], wanted: wanted)
    if let plan = plans.withLock({ $0[key] }) { return plan }
    let shapes: [Shape]
    do { shapes = try graph.checkedShapes { _ in key.inputs[0] } } catch { throw BackboneError(error) }
    let packed: PackedProgram
    do { packed = try weights.program(for: wanted, on: session.pool) } catch { throw .weights(error) }
    let plan = Plan(
      graph, packed, shapes: shapes, wanted: wanted, threads: session.pool.threads, inputs: inputs)
    guard plan.arenaSize <= Network.mostMemory else {
      throw .unusableLayer(
        place: 0, reason: "is of a network that takes \(plan.arenaSize >> 20) MB for an image of \(width)x\(height)")
    }
    plans.withLock { plans in
      // A caller with ever new sizes must not make the cache grow. A plan is cheap to make again.
      if plans.count >= 16 { plans.removeAll() }
      plans[key] = plan
    }
    return plan
  }
}

extension Graph {
  /// The backbone that a card describes.
  ///
  /// - Throws: `BackboneError.unknownNetwork`.
  public init(_ card: BackboneCard) throws(BackboneError) {
    if let graph = card.graph {
      self = graph
      return
    }
    guard card.family != nil else { throw .unknownNetwork(name: card.network) }
    self = NetworkLayout(card).graph
  }
}

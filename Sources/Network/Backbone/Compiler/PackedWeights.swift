import Graphs
import Kernels
import ModelFiles
import Synchronization

/// A program and its passes, packed.
struct PackedProgram: Sendable {
  let program: Program
  /// The element format of its maps.
  let format: ElementFormat
  let works: [PackedWork]
}

/// A graph's weights, packed for one instruction set and shared by all networks on them.
///
/// The program for the graph's outputs is made at once. Values inside one of its fused passes come from a second
/// program, which stores every value. Passes of both are packed once. So a value's bits never depend on the other
/// outputs of a run.
final class PackedWeights: Sendable {
  private let graph: Graph
  private let weights: Weights
  private let kernels: KernelSet
  private let usual: PackedProgram
  private let unfused = Mutex<PackedProgram?>(nil)

  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  init(_ graph: Graph, _ weights: Weights, _ session: Session) throws(WeightsError) {
    self.graph = graph
    self.weights = weights
    kernels = session.kernels
    usual = try PackedWeights.pack(
      Fusion.program(graph, kept: Set(graph.outputs)), graph, weights, kernels, on: session.pool, known: nil)
    weights.releasePages()
  }

  /// Whether a value lies inside a pass of the program for the outputs.
  func isInside(_ value: Int) -> Bool { !usual.program.available.contains(value) }

  /// The program that stores those values.
  ///
  /// Either all of them lie inside fused passes, or none.
  func program(for wanted: [Int], on pool: WorkerPool) throws(WeightsError) -> PackedProgram {
    guard wanted.contains(where: isInside) else { return usual }
    if let unfused = unfused.withLock({ $0 }) { return unfused }
    let packed = try PackedWeights.pack(
      Fusion.program(graph, kept: Set(graph.nodes.indices)), graph, weights, kernels, on: pool, known: usual)
    unfused.withLock { $0 = packed }
    return packed
  }

  /// The elements from which a pass's weights are packed first, before the others take memory: a classifier's.
  private static let huge = 1 << 20

  /// Packs passes in parallel, except those of a known program.
  private static func pack(
    _ program: Program, _ graph: Graph, _ weights: Weights, _ kernels: KernelSet, on pool: WorkerPool,
    known: PackedProgram?
  ) throws(WeightsError) -> PackedProgram {
    let format = kernels.fp32
    let packer = LayerPacker(
      graph: graph, channels: program.channels, weights: weights, kernels: kernels, format: format)
    func size(_ pass: Pass) -> Int {
      pass.nodes.reduce(0) { $0 + (graph.convolution(at: $1)?.weightShape.reduce(1, *) ?? 0) }
    }
    let sizes = program.passes.map(size)
    let order = sizes.indices.sorted { (sizes[$0] < huge ? 1 : 0, $0) < (sizes[$1] < huge ? 1 : 0, $1) }
    let packed = try pool.map(order.count) { (place) throws(WeightsError) -> PackedWork in
      let pass = program.passes[order[place]]
      // The compiler's values are numbered differently in each program.
      if let known, pass.reads.allSatisfy({ $0 < graph.nodes.count }), pass.placement == nil,
        let index = known.program.passes.firstIndex(of: pass)
      {
        return known.works[index]
      }
      return try packer.pack(pass)
    }
    var works = [PackedWork?](repeating: nil, count: order.count)
    for (place, work) in packed.enumerated() { works[order[place]] = work }
    return PackedProgram(program: program, format: format, works: works.map { $0! })
  }
}

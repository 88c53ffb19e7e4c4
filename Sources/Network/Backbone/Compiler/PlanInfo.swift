import Graphs
import Kernels
import Tensors

/// One step of a compiled plan: layers that run as one pass.
package struct StepInfo: Hashable, Sendable {
  /// The layers, by block.
  package let name: String
  /// The shape of its output.
  package let output: Shape
  /// The division of its work: "rows" (strips), "halves" (split-K over the expanded channels, in strips), "tiles" (of a
  /// GEMM), "sum" or "pixels".
  package let strategy: String
  /// Output rows of a strip; 0 where the step has none.
  package let stripRows: Int
  /// Bytes of scratch memory, all threads together.
  package let scratchBytes: Int
  package let multiplyAdds: Int
}

/// The plan of a network for one size of input, made by `Network` before its first run.
package struct PlanInfo: Hashable, Sendable {
  package let steps: [StepInfo]
  /// Bytes of working memory, with scratch but without the output maps.
  package let arenaBytes: Int
}

extension Network {
  /// The plan for an input of that size.
  ///
  /// - Parameter taps: the output maps; `nil` for the graph's outputs.
  /// - Throws: `BackboneError` when the input is too small or a tap does not exist.
  /// - Complexity: O(layers).
  package func plan(height: Int, width: Int, taps: [Tap]? = nil) throws(BackboneError) -> PlanInfo {
    let plan = try plan(height: height, width: width, wanted: try taps.map(wanted) ?? outputs)
    let names = PassNames(graph)
    return PlanInfo(
      steps: plan.steps.map { $0.info(named: $0.isWhole ? names[$0.pass] : names.source(of: $0.pass)) },
      arenaBytes: plan.arenaSize)
  }
}

extension Plan.Step {
  func info(named name: String) -> StepInfo {
    var (strategy, rows) = ("tiles", 0)
    switch pass.work {
    case .fused:
      switch strip!.strategy {
      case .rows: strategy = "rows"
      case .halves: strategy = "halves"
      }
      rows = strip!.strategy.rows
    case .add: strategy = "sum"
    case .product, .chain, .convolution: break
    default: strategy = "pixels"
    }
    return StepInfo(
      name: name, output: output, strategy: strategy, stripRows: rows,
      scratchBytes: scratch.size, multiplyAdds: multiplyAdds)
  }
}

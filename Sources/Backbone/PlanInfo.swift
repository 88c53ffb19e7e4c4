import Kernels
import Tensors

/// One step of a compiled plan: layers that run as one pass.
public struct StepInfo: Hashable, Sendable {
  /// The layers, by block.
  public let name: String
  /// The shape of what it leaves.
  public let output: Shape
  /// How its work is cut: "rows" (strips), "halves" (of the wide channels, in strips), "tiles" (of one product) or "sum".
  public let strategy: String
  /// Output rows of a strip; 0 where the step has none.
  public let stripRows: Int
  /// Bytes of scratch memory, all threads together.
  public let scratchBytes: Int
  public let multiplyAdds: Int
}

/// How a network runs for one size of input: what `Network` decides before its first run.
public struct PlanInfo: Hashable, Sendable {
  public let steps: [StepInfo]
  /// Bytes of working memory, scratch included; the maps that are handed out are not.
  public let arenaBytes: Int
}

extension Network {
  /// The plan for an input of that size.
  ///
  /// - Throws: `BackboneError` when the input is too small or a tap does not exist.
  /// - Complexity: O(layers).
  public func plan(height: Int, width: Int, taps: [Tap]) throws(BackboneError) -> PlanInfo {
    let plan = try plan(height: height, width: width, wanted: wanted(taps))
    return PlanInfo(steps: plan.steps.map(\.info), arenaBytes: plan.arenaCount * MemoryLayout<Float>.stride)
  }
}

extension Plan.Step {
  var info: StepInfo {
    var (strategy, rows, scratch) = ("tiles", 0, 0)
    switch layer {
    case .fused(_, let plan):
      switch plan.strategy {
      case .rows: strategy = "rows"
      case .halves: strategy = "halves"
      }
      (rows, scratch) = (plan.strategy.rows, plan.scratch * MemoryLayout<Float>.stride)
    case .pointwise: break
    case .sum: strategy = "sum"
    }
    return StepInfo(
      name: name, output: output, strategy: strategy, stripRows: rows, scratchBytes: scratch,
      multiplyAdds: multiplyAdds)
  }
}

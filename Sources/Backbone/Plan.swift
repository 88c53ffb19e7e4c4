import Kernels
import Tensors

/// How a network runs for one input size and one set of taps: decided once, then followed without allocating.
struct Plan: Sendable {
  /// Where a step reads or writes.
  enum Place: Hashable {
    case input
    /// Working memory, from that float on.
    case arena(Int)
    /// A map that is handed out.
    case map(Int)
  }

  enum Layer: Sendable {
    case fused(FusedBlock, FusedPlan)
    case pointwise(PackedPointwise)
    case sum
  }

  struct Step: Sendable {
    let name: String
    let layer: Layer
    /// What it reads; a second place is added to the result.
    let from: [Place]
    /// Floats between the pixels that it reads.
    let inputStride: Int
    /// `nil` where only the wide rows are wanted.
    let to: Place?
    /// Where the block's wide rows are left, if anywhere.
    let wide: Place?
    /// The shape of what it computes last.
    let output: Shape
    let multiplyAdds: Int
    let scratchOffset: Int
  }

  let steps: [Step]
  /// The shapes of the maps, batch 1, in the order asked for.
  let shapes: [Shape]
  /// Floats of working memory.
  let arenaCount: Int

  /// Follows the steps.
  ///
  /// - Parameter observer: told after each step; costs a look at the clock where there is one.
  @unsafe func run(
    on compute: Compute, input: UnsafePointer<Float>, maps: [UnsafeMutablePointer<Float>],
    arena: UnsafeMutablePointer<Float>, observer: ((_ step: Int) -> Void)? = nil
  ) {
    func place(_ place: Place) -> UnsafeMutablePointer<Float> {
      switch place {
      case .input: return unsafe UnsafeMutablePointer(mutating: input)
      case .arena(let offset): return unsafe arena + offset
      case .map(let index): return unsafe maps[index]
      }
    }
    for (index, step) in steps.enumerated() {
      let from = unsafe UnsafePointer(place(step.from[0]))
      switch step.layer {
      case .fused(let block, let plan):
        unsafe block.run(
          plan, on: compute.pool, from: from,
          to: FusedBlock.Outputs(first: step.to.map(place), tap: step.wide.map(place)),
          scratch: arena + step.scratchOffset)
      case .pointwise(let product):
        unsafe product.runAll(
          on: compute.pool, rows: step.output.pixels, from: from, stride: step.inputStride, to: place(step.to!),
          residual: step.from.count > 1 ? UnsafePointer(place(step.from[1])) : nil)
      case .sum:
        unsafe Joints.add(
          compute.kernels, on: compute.pool, from, UnsafePointer(place(step.from[1])), isOnePixel: false, pictures: 1,
          pixels: step.output.pixels, channels: step.output.channels, activation: .linear, to: place(step.to!))
      }
      observer?(index)
    }
  }
}

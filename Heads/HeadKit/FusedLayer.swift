import Backbone
import Kernels
import Tensors

/// A fused block as a layer: it reads a map and writes one answer for each branch, with scratch memory that is kept.
package struct FusedLayer: Sendable {
  package let block: FusedBlock
  let stride, dilation: Int
  let padding: Padding
  let compute: Compute

  package init(_ block: FusedBlock, stride: Int = 1, dilation: Int = 1, padding: Padding, compute: Compute) {
    precondition(1...2 ~= stride && dilation >= 1, "stride \(stride), dilation \(dilation)")
    self.block = block
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.compute = compute
  }

  /// The shape of a branch's answer for an input of that shape.
  package func output(of shape: Shape, branch: Int = 0) -> Shape {
    let g = geometry(shape)
    return Shape(
      batch: shape.batch, height: g.outHeight, width: g.outWidth, channels: block.branches[branch].outputs)
  }

  /// The answer of the only branch: `[N, H, W, inputs]` to `[N, H', W', outputs]`.
  package func callAsFunction(_ x: borrowing Tensor) -> Tensor {
    let y = unsafe Tensor(undefined: output(of: x.shape))
    unsafe y.withUnsafeElements { to in unsafe run(x, first: to, second: nil) }
    return y
  }

  /// Writes the answers where the caller wants them.
  ///
  /// - Parameters:
  ///   - first: `output(of: x.shape).count` floats.
  ///   - second: the same of the second branch, where there is one.
  @unsafe package func run(
    _ x: borrowing Tensor, first: UnsafeMutableBufferPointer<Float>, second: UnsafeMutableBufferPointer<Float>?
  ) {
    let shape = x.shape
    precondition(shape.channels == block.source.inputs, "\(shape.channels) channels, expected \(block.source.inputs)")
    let plan = FusedPlan(
      block, geometry(shape), height: shape.height, width: shape.width, threads: compute.pool.threads)
    let scratch = compute.workspaces.take(plan.scratch)
    let pixels = plan.outHeight * plan.outWidth
    unsafe x.withUnsafeElements { from in
      for picture in 0..<shape.batch {
        func part(_ branch: Int, _ memory: UnsafeMutableBufferPointer<Float>) -> UnsafeMutablePointer<Float> {
          unsafe memory.baseAddress! + picture * pixels * block.branches[branch].outputs
        }
        unsafe block.run(
          plan, on: compute.pool, from: from.baseAddress! + picture * shape.pixels * shape.channels,
          to: FusedBlock.Outputs(first: part(0, first), second: second.map { unsafe part(1, $0) }),
          scratch: scratch.base)
      }
    }
    compute.workspaces.give(scratch)
  }

  private func geometry(_ shape: Shape) -> Geometry {
    Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
  }
}

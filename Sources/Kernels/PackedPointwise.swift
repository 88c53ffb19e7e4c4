import CKernels
import Tensors

/// A matrix product with bias and clamp, its weights packed for one instruction set: a 1x1 convolution, or a 3x3 one on
/// gathered neighbourhoods.
@safe package final class PackedPointwise: @unchecked Sendable {
  package let inputs: Int
  package let outputs: Int
  package let panels: Int
  /// Output channels of a full panel.
  package var panelWidth: Int { kernels.panel }
  private let activation: Activation
  private let kernels: KernelSet
  private let packed: AlignedFloats

  /// - Parameters:
  ///   - weights: `[inputs, outputs]`.
  ///   - bias: `[outputs]`.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation
  ) {
    precondition(weights.count == inputs * outputs && bias.count == outputs, "weights of another shape")
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    self.kernels = kernels
    panels = unsafe ck_gemm_panels(kernels.table, outputs)
    packed = AlignedFloats(count: unsafe ck_packed_gemm_size(kernels.table, inputs, outputs))
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe ck_pack_gemm(
          kernels.table, weights.baseAddress!, bias.baseAddress!, inputs, outputs, packed.base)
      }
    }
  }

  /// Computes some rows and panels: `to[row][n] = clamp(bias[n] + from[row] · w[n] (+ residual[row][n]))`.
  ///
  /// - Parameter residualStride: floats between the residual's rows; 0 adds the same row everywhere.
  @unsafe package func run(
    rows: Int, from: UnsafePointer<Float>, stride: Int, to: UnsafeMutablePointer<Float>, toStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int? = nil, panels range: Range<Int>? = nil
  ) {
    guard rows > 0 else { return }
    let (low, high) = activation.bounds
    let range = range ?? 0..<panels
    var g = unsafe ck_gemm(
      a: from, a_stride: stride, w: UnsafePointer(packed.base), c: to, c_stride: toStride, r: residual,
      r_stride: residualStride ?? toStride, rows: rows, k: inputs, n: outputs, panel_begin: range.lowerBound,
      panel_end: range.upperBound, low: low, high: high)
    unsafe kernels.table.pointee.f32_gemm_clamp(&g)
  }

  /// Computes all rows, shared among the pool's threads: by rows where there are many, otherwise by output channels.
  @unsafe package func runAll(
    on pool: WorkerPool, rows: Int, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>? = nil, residualStride: Int? = nil
  ) {
    let threads = pool.threads
    if threads == 1 {
      unsafe run(
        rows: rows, from: from, stride: inputs, to: to, toStride: outputs, residual: residual,
        residualStride: residualStride)
    } else if rows >= 128 * threads || panels < 2 * threads {
      // Whole register tiles, a few tasks a thread.
      let chunk = max((rows / (threads * 2) + 27) / 28 * 28, 28)
      let tasks = (rows + chunk - 1) / chunk
      pool.run(tasks) { task, _ in
        let begin = task * chunk
        unsafe run(
          rows: min(chunk, rows - begin), from: from + begin * inputs, stride: inputs, to: to + begin * outputs,
          toStride: outputs, residual: residual.map { unsafe $0 + begin * (residualStride ?? outputs) },
          residualStride: residualStride)
      }
    } else {
      let tasks = min(threads * 2, panels)
      pool.run(tasks) { task, _ in
        let range = panels * task / tasks..<panels * (task + 1) / tasks
        unsafe run(
          rows: rows, from: from, stride: inputs, to: to, toStride: outputs, residual: residual,
          residualStride: residualStride, panels: range)
      }
    }
  }
}

import CKernels
import Tensors

extension TrainingKernels {
  /// `y = clamp(x · w + bias)`, `x` `[rows, inputs]`, `w` `[inputs, outputs]`.
  ///
  /// - Complexity: O(rows · inputs · outputs).
  package func product(
    _ x: FloatSlice, rows: Int, weights: FloatSlice, bias: FloatSlice?, inputs: Int, outputs: Int,
    activation: Activation, to y: FloatSlice
  ) {
    precondition(x.count == rows * inputs && y.count == rows * outputs, "a product of other sizes")
    let packed = pack(weights, inputs: inputs, outputs: outputs, bias: bias, activation: activation)
    unsafe packed.runAll(on: pool, rows: rows, from: x.base, to: y.base)
  }

  /// The gradient with respect to the product's input: `dx (+)= dy · wᵀ`.
  package func productInputGradient(
    _ dy: FloatSlice, rows: Int, weights: FloatSlice, inputs: Int, outputs: Int, to dx: FloatSlice, adding: Bool
  ) {
    precondition(dx.count == rows * inputs && dy.count == rows * outputs, "a product of other sizes")
    let transposed = FloatSlice(AlignedFloats(count: inputs * outputs))
    unsafe transpose(weights.base, rows: inputs, columns: outputs, to: transposed.base)
    let packed = pack(transposed, inputs: outputs, outputs: inputs, bias: nil, activation: .linear)
    unsafe packed.runAll(
      on: pool, rows: rows, from: dy.base, to: dx.base, residual: adding ? UnsafePointer(dx.base) : nil)
  }

  /// The gradient with respect to the product's weights: `dw = xᵀ · dy`.
  package func productWeightGradient(
    _ x: FloatSlice, _ dy: FloatSlice, rows: Int, inputs: Int, outputs: Int, to dw: FloatSlice
  ) {
    precondition(x.count == rows * inputs && dy.count == rows * outputs && dw.count == inputs * outputs)
    // The rows of a register tile of the widest kernels, so that a task has whole tiles.
    let tile = 14
    let tiles = (inputs + tile - 1) / tile
    let tasks = min(tiles, pool.threads * 4)
    pool.run(tasks) { task, _ in
      var o = unsafe ck_outer(
        a: x.base, a_stride: inputs, b: dy.base, b_stride: outputs, rows: 0, c: dw.base, c_stride: outputs,
        k_begin: tiles * task / tasks * tile, k_end: min(tiles * (task + 1) / tasks * tile, inputs), n: outputs,
        accumulate: 0)
      // A chunk of rows stays in the cache while all tiles read it.
      for row in stride(from: 0, to: rows, by: TrainingKernels.chunk) {
        unsafe o.a = UnsafePointer(x.base + row * inputs)
        unsafe o.b = UnsafePointer(dy.base + row * outputs)
        unsafe o.rows = min(TrainingKernels.chunk, rows - row)
        unsafe kernels.table.pointee.f32_outer(&o)
        unsafe o.accumulate = 1
      }
    }
  }

  /// The sum of each column of `x` `[rows, columns]`: the gradient with respect to a bias.
  package func columnSums(_ x: FloatSlice, rows: Int, columns: Int, to sums: FloatSlice) {
    let totals = unsafe chunkedSums(rows: rows, width: columns) { range, sums in
      unsafe kernels.table.pointee.f32_sum_pixels(
        x.base + range.lowerBound * columns, range.count, columns, columns, sums)
    }
    sums.set(totals.map { Float($0) })
  }

  private func pack(_ weights: FloatSlice, inputs: Int, outputs: Int, bias: FloatSlice?, activation: Activation)
    -> PackedPointwise
  {
    precondition(weights.count == inputs * outputs && bias?.count ?? outputs == outputs, "weights of another shape")
    let bias = bias ?? FloatSlice(zeros: outputs)
    return unsafe PackedPointwise(
      kernels, inputs: inputs, outputs: outputs,
      weights: UnsafeBufferPointer(start: weights.base, count: weights.count).span,
      bias: UnsafeBufferPointer(start: bias.base, count: bias.count).span, activation: activation)
  }

  @unsafe private func transpose(
    _ from: UnsafePointer<Float>, rows: Int, columns: Int, to: UnsafeMutablePointer<Float>
  ) {
    // Squares that fit in the cache's lines both ways.
    ranges(rows, grain: 16) { _, range in
      for column in stride(from: 0, to: columns, by: 16) {
        for c in column..<min(column + 16, columns) {
          for r in range { unsafe to[c * rows + r] = from[r * columns + c] }
        }
      }
    }
  }
}

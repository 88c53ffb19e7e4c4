import CKernels
import Tensors

extension TrainingKernels {
  /// `c (+)= aᵀ · b`; by groups of `inputs` and `outputs` columns, which lie side by side in all three matrices.
  ///
  /// - Parameters:
  ///   - a: `[rows, groups · inputs]`, rows `aStride` floats apart.
  ///   - b: `[rows, groups · outputs]`.
  ///   - c: `[inputs, groups · outputs]`.
  @unsafe func outer(
    _ a: UnsafePointer<Float>, stride aStride: Int, _ b: UnsafePointer<Float>, stride bStride: Int, rows: Int,
    groups: Int = 1, inputs: Int, outputs: Int, to c: UnsafeMutablePointer<Float>, stride cStride: Int, adding: Bool
  ) {
    // The register tile's rows of the widest kernels, so that a task has whole tiles.
    let tile = 14
    let tiles = (inputs + tile - 1) / tile
    let tasks = min(tiles, pool.threads * 4)
    pool.run(groups * tasks) { index, _ in
      let (group, task) = (index / tasks, index % tasks)
      unsafe outerRows(
        a + group * inputs, stride: aStride, b + group * outputs, stride: bStride, rows: rows,
        inputs: tiles * task / tasks * tile..<min(tiles * (task + 1) / tasks * tile, inputs), outputs: outputs,
        to: c + group * outputs, stride: cStride, adding: adding)
    }
  }

  /// Some rows of `c (+)= aᵀ · b`, on the calling thread.
  ///
  /// - Parameter inputs: the rows of `c`, columns of `a`.
  @unsafe func outerRows(
    _ a: UnsafePointer<Float>, stride aStride: Int, _ b: UnsafePointer<Float>, stride bStride: Int, rows: Int,
    inputs: Range<Int>, outputs: Int, to c: UnsafeMutablePointer<Float>, stride cStride: Int, adding: Bool
  ) {
    var o = unsafe ck_outer(
      a: a, a_stride: aStride, b: b, b_stride: bStride, rows: 0, c: c, c_stride: cStride,
      k_begin: inputs.lowerBound, k_end: inputs.upperBound, n: outputs, accumulate: adding ? 1 : 0)
    // A chunk of rows stays in the cache while all tiles read it.
    for row in stride(from: 0, to: rows, by: TrainingKernels.chunk) {
      unsafe o.a = a + row * aStride
      unsafe o.b = b + row * bStride
      unsafe o.rows = min(TrainingKernels.chunk, rows - row)
      unsafe kernels.table.pointee.f32_outer(&o)
      unsafe o.accumulate = 1
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

  /// The packed weights `[inputs, outputs]` of a GEMM, with a bias of zeros where `bias` is `nil`.
  func pack(
    _ weights: FloatSlice, inputs: Int, outputs: Int, bias: FloatSlice?, activation: Activation,
    wholeVectors: Bool = false
  ) -> PackedPointwise {
    precondition(weights.count == inputs * outputs && bias?.count ?? outputs == outputs, "weights of another shape")
    let bias = bias ?? FloatSlice(zeros: outputs)
    return unsafe PackedPointwise(
      kernels, inputs: inputs, outputs: outputs,
      weights: UnsafeBufferPointer(start: weights.base, count: weights.count).span,
      bias: UnsafeBufferPointer(start: bias.base, count: bias.count).span, activation: activation,
      wholeVectors: wholeVectors)
  }

  /// The packed transpose of weights `[inputs, outputs]`, without bias: it takes gradients of the outputs to those of the
  /// inputs.
  func packTransposed(_ weights: FloatSlice, inputs: Int, outputs: Int) -> PackedPointwise {
    let transposed = FloatSlice(AlignedMemory(floats: inputs * outputs), count: inputs * outputs)
    withExtendedLifetime(weights) {
      unsafe transpose(weights.base, rows: inputs, columns: outputs, to: transposed.base)
    }
    return pack(transposed, inputs: outputs, outputs: inputs, bias: nil, activation: .linear)
  }

  /// `to[c][r] = from[r][c]`.
  @unsafe func transpose(
    _ from: UnsafePointer<Float>, rows: Int, columns: Int, to: UnsafeMutablePointer<Float>
  ) {
    // Square tiles that fill cache lines in both directions.
    ranges(rows, grain: 16) { _, range in
      for column in stride(from: 0, to: columns, by: 16) {
        for c in column..<min(column + 16, columns) {
          for r in range { unsafe to[c * rows + r] = from[r * columns + c] }
        }
      }
    }
  }
}

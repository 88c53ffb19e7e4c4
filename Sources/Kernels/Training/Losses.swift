import CKernels
import Tensors

extension TrainingKernels {
  /// Softmax cross-entropy of enlarged logits: the loss, and its gradient with respect to the logits as they were.
  ///
  /// The mean over the pixels, weighted by their classes' weights, as PyTorch's `cross_entropy` with `weight` and
  /// `ignore_index`: sum of weight · loss over sum of weight. The enlarged logits exist one row at a time.
  /// - Parameters:
  ///   - logits: `[pictures, rows.extent, columns.extent, classes]`.
  ///   - labels: `[pictures, rows.count, columns.count]`; values that are no class are ignored.
  ///   - weights: for each class.
  ///   - gradient: as `logits`; `nil` where only the loss is wanted.
  /// - Returns: 0 where every pixel is ignored.
  /// - Complexity: O(pixels · classes).
  package func crossEntropy(
    _ logits: FloatSlice, rows: LinearTaps, columns: LinearTaps, pictures: Int, classes: Int, labels: [UInt8],
    weights: [Float], gradient: FloatSlice?
  ) -> Double {
    let inRow = columns.extent * classes
    precondition(logits.count == pictures * rows.extent * inRow && gradient?.count ?? logits.count == logits.count)
    precondition(labels.count == pictures * rows.count * columns.count && weights.count == classes && classes <= 255)
    var counts = [Int](repeating: 0, count: 256)
    for label in labels { counts[Int(label)] += 1 }
    let total = (0..<classes).reduce(0.0) { $0 + Double(weights[$1]) * Double(counts[$1]) }
    gradient?.clear()
    guard total > 0 else { return 0 }
    let scaled = weights.map { Float(Double($0) / total) }
    let padded = (columns.count + 15) / 16 * 16
    let left = columns.lower.map { UInt32($0) }
    let right = columns.upper.map { UInt32($0) }
    let workerCount = 2 * inRow + padded * classes
    let scratch = compute.workspaces.take(workerCount * pool.threads)
    var losses = [Double](repeating: 0, count: pictures)
    let table = unsafe kernels.table.pointee
    unsafe losses.withUnsafeMutableBufferPointer { losses in
      let losses = unsafe losses
      unsafe labels.withUnsafeBufferPointer { labels in
        let labels = unsafe labels
        pool.run(pictures) { picture, worker in
          let row = unsafe scratch.base + worker * workerCount
          let (back, wide) = unsafe (row + inRow, row + 2 * inRow)
          let from = unsafe logits.base + picture * rows.extent * inRow
          unsafe wide.update(repeating: 0, count: padded * classes)
          for i in 0..<rows.count {
            let (top, bottom, t) = (rows.lower[i], rows.upper[i], rows.fraction[i])
            unsafe table.f32_lerp(from + top * inRow, from + bottom * inRow, t, inRow, row)
            unsafe table.f32_enlarge_row(row, left, right, columns.fraction, columns.count, classes, wide, padded)
            unsafe table.f32_softmax_row(
              wide, classes, columns.count, padded, labels.baseAddress! + (picture * rows.count + i) * columns.count,
              scaled, &losses[picture])
            guard let gradient else { continue }
            let to = unsafe gradient.base + picture * rows.extent * inRow
            unsafe back.update(repeating: 0, count: inRow)
            unsafe table.f32_reduce_row(wide, padded, left, right, columns.fraction, columns.count, classes, back)
            unsafe table.f32_add_scaled(back, 1 - t, inRow, to + top * inRow)
            unsafe table.f32_add_scaled(back, t, inRow, to + bottom * inRow)
          }
        }
      }
    }
    compute.workspaces.give(scratch)
    return losses.reduce(0, +)
  }

  /// One step of gradient descent with momentum: `m = momentum · m + g + decay · w`, `w -= rate · m`.
  package func descend(
    _ w: FloatSlice, _ g: FloatSlice, momentum m: FloatSlice, rate: Float, factor: Float, decay: Float
  ) {
    precondition(w.count == g.count && w.count == m.count)
    ranges(w.count, grain: 1 << 15) { _, range in
      let at = range.lowerBound
      unsafe kernels.table.pointee.f32_sgd(w.base + at, g.base + at, m.base + at, range.count, rate, factor, decay)
    }
  }

  /// One step of AdamW, the `step`-th, counted from 1.
  ///
  /// Source: "Decoupled Weight Decay Regularization", algorithm 2.
  package func adamw(
    _ w: FloatSlice, _ g: FloatSlice, first m: FloatSlice, second v: FloatSlice, step: Int, rate: Float,
    beta1: Float, beta2: Float, epsilon: Float, decay: Float
  ) {
    precondition(w.count == g.count && w.count == m.count && w.count == v.count && step > 0)
    func power(_ base: Float) -> Double {
      var (result, factor, left) = (1.0, Double(base), step)
      while left > 0 {
        if left & 1 == 1 { result *= factor }
        factor *= factor
        left >>= 1
      }
      return result
    }
    let numbers = ck_adamw(
      decay: rate * decay, beta1: beta1, beta2: beta2, step: Float(Double(rate) / (1 - power(beta1))),
      root: Float((1 / (1 - power(beta2))).squareRoot()), epsilon: epsilon)
    ranges(w.count, grain: 1 << 15) { _, range in
      let at = range.lowerBound
      var numbers = numbers
      unsafe kernels.table.pointee.f32_adamw(
        w.base + at, g.base + at, m.base + at, v.base + at, range.count, &numbers)
    }
  }

  /// Widens halves to floats.
  @unsafe package func widen(_ halves: UnsafePointer<UInt16>, to floats: FloatSlice) {
    unsafe kernels.table.pointee.f16_to_f32(halves, floats.count, floats.base)
  }

  /// Rounds floats to halves, to the nearest; beyond their range to the greatest.
  @unsafe package func narrow(_ floats: UnsafePointer<Float>, count: Int, to halves: UnsafeMutablePointer<UInt16>) {
    unsafe kernels.table.pointee.f32_to_f16(floats, count, halves)
  }
}

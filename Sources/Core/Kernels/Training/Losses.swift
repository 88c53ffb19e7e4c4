import CKernels
import Tensors

/// The segmentation loss of logits upsampled to the labels' size.
///
/// The upsampled logits exist a row at a time.
@safe package struct PixelLoss {
  package let rows, columns: LinearTaps
  package let pictures, classes: Int
  /// The weight of each class's pixels.
  package let weights: [Float]
  /// The weight of the soft Dice loss of the classes behind the first, beside the cross-entropy.
  package let dice: Float

  /// - Parameters:
  ///   - rows: the interpolation from the logits' rows to the labels'.
  ///   - classes: at most 255.
  package init(
    rows: LinearTaps, columns: LinearTaps, pictures: Int, classes: Int, weights: [Float], dice: Float = 0
  ) {
    precondition(weights.count == classes && classes <= 255, "\(weights.count) weights for \(classes) classes")
    self.rows = rows
    self.columns = columns
    self.pictures = pictures
    self.classes = classes
    self.weights = weights
    self.dice = dice
  }

  /// Floats of a row of logits.
  private var inRow: Int { columns.extent * classes }
  /// Floats of a class in an upsampled row.
  private var padded: Int { (columns.count + 15) / 16 * 16 }

  /// The loss, and its gradient with respect to the logits before upsampling.
  ///
  /// Cross-entropy is the mean over the pixels, weighted by their classes' weights, as PyTorch's `cross_entropy` with
  /// `weight` and `ignore_index`. The soft Dice loss is 1 - (2 Σ p g + 1) / (Σ p + Σ g + 1), where p is a class's
  /// probability and g is 1 where the class is the label, over all pixels without the ignore index. It is the mean over
  /// the classes behind the first.
  /// Source: "V-Net", section 3, here with the sums and not the squares below.
  /// - Parameters:
  ///   - logits: `[pictures, rows.extent, columns.extent, classes]`.
  ///   - labels: `[pictures, rows.count, columns.count]`; a value that is not a class is the ignore index.
  ///   - gradient: of the shape of `logits`; `nil` for the loss alone.
  /// - Returns: 0 where every pixel is ignored.
  /// - Complexity: O(pixels · classes).
  package func evaluate(_ kernels: TrainingKernels, _ logits: FloatSlice, labels: [UInt8], gradient: FloatSlice?)
    -> Double
  {
    precondition(logits.count == pictures * rows.extent * inRow && gradient?.count ?? logits.count == logits.count)
    precondition(labels.count == pictures * rows.count * columns.count, "\(labels.count) labels")
    var counts = [Int](repeating: 0, count: 256)
    for label in labels { counts[Int(label)] += 1 }
    let total = (0..<classes).reduce(0.0) { $0 + Double(weights[$1]) * Double(counts[$1]) }
    gradient?.clear()
    guard total > 0 else { return 0 }
    var diceLoss = 0.0
    var overlap: [Float]?
    if dice > 0, classes > 1 {
      let (both, either) = overlaps(kernels, logits, labels)
      var slopes = [Float](repeating: 0, count: 2 * classes)
      let share = Double(dice) / Double(classes - 1)
      for k in 1..<classes {
        let below = either[k] + 1
        diceLoss += share * (1 - (2 * both[k] + 1) / below)
        slopes[k] = Float(-2 * share / below)
        slopes[classes + k] = Float(share * (2 * both[k] + 1) / (below * below))
      }
      overlap = slopes
    }
    let scaled = weights.map { Float(Double($0) / total) }
    let losses = unsafe eachRow(kernels, logits, results: 1) { picture, row, wide, place, results in
      let table = unsafe kernels.kernels.table.pointee
      let label = (picture * rows.count + row) * columns.count
      unsafe labels.withUnsafeBufferPointer { labels in
        unsafe table.f32_softmax_row(
          wide, classes, columns.count, padded, labels.baseAddress! + label, scaled, overlap, results)
      }
      guard let gradient else { return }
      let (top, bottom, t) = (rows.lower[row], rows.upper[row], rows.fraction[row])
      let to = unsafe gradient.base + picture * rows.extent * inRow
      unsafe place.back.update(repeating: 0, count: inRow)
      unsafe table.f32_reduce_row(
        wide, padded, place.left, place.right, columns.fraction, columns.count, classes, place.back)
      unsafe table.f32_add_scaled(place.back, 1 - t, inRow, to + top * inRow)
      unsafe table.f32_add_scaled(place.back, t, inRow, to + bottom * inRow)
    }
    return losses[0] + diceLoss
  }

  /// The sums of each class for the Dice loss: its probability where it is the label, and its probability plus its
  /// pixels.
  private func overlaps(_ kernels: TrainingKernels, _ logits: FloatSlice, _ labels: [UInt8])
    -> (both: [Double], either: [Double])
  {
    let sums = unsafe eachRow(kernels, logits, results: 2 * classes) { picture, row, wide, _, results in
      let label = (picture * rows.count + row) * columns.count
      unsafe labels.withUnsafeBufferPointer { labels in
        unsafe kernels.kernels.table.pointee.f32_overlap_row(
          wide, classes, columns.count, padded, labels.baseAddress! + label, results, results + classes)
      }
    }
    return (Array(sums[..<classes]), Array(sums[classes...]))
  }

  /// The buffers of one row.
  @unsafe private struct Place {
    let back: UnsafeMutablePointer<Float>
    let left, right: [UInt32]
  }

  /// Calls `body` with each upsampled row of logits.
  ///
  /// The threads share the pictures; a picture's rows come in order.
  ///
  /// - Returns: the sums accumulated by `body`, over the pictures in their order.
  private func eachRow(
    _ kernels: TrainingKernels, _ logits: FloatSlice, results count: Int,
    _ body: (
      _ picture: Int, _ row: Int, _ wide: UnsafeMutablePointer<Float>, _ place: Place,
      _ results: UnsafeMutablePointer<Double>
    ) -> Void
  ) -> [Double] {
    let left = columns.lower.map { UInt32($0) }
    let right = columns.upper.map { UInt32($0) }
    let workerCount = 2 * inRow + padded * classes
    let scratch = kernels.session.workspaces.take(workerCount * kernels.pool.threads)
    var results = [Double](repeating: 0, count: pictures * count)
    unsafe results.withUnsafeMutableBufferPointer { results in
      let results = unsafe results
      kernels.pool.run(pictures) { picture, worker in
        let table = unsafe kernels.kernels.table.pointee
        let row = unsafe scratch.base + worker * workerCount
        let (back, wide) = unsafe (row + inRow, row + 2 * inRow)
        let from = unsafe logits.base + picture * rows.extent * inRow
        unsafe wide.update(repeating: 0, count: padded * classes)
        let place = unsafe Place(back: back, left: left, right: right)
        for i in 0..<rows.count {
          unsafe table.f32_lerp(
            from + rows.lower[i] * inRow, from + rows.upper[i] * inRow, rows.fraction[i], inRow, row)
          unsafe table.f32_enlarge_row(row, left, right, columns.fraction, columns.count, classes, wide, padded)
          unsafe body(picture, i, wide, place, results.baseAddress! + picture * count)
        }
      }
    }
    kernels.session.workspaces.give(scratch)
    return (0..<count).map { i in (0..<pictures).reduce(0) { $0 + results[$1 * count + i] } }
  }
}

extension TrainingKernels {
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

  /// An exponential moving average: `average += (values - average) · share`.
  package func follow(_ average: FloatSlice, _ values: FloatSlice, share: Float) {
    precondition(average.count == values.count, "\(values.count) values for \(average.count)")
    ranges(average.count, grain: 1 << 15) { _, range in
      let at = range.lowerBound
      unsafe kernels.table.pointee.f32_lerp(
        average.base + at, values.base + at, share, range.count, average.base + at)
    }
  }

  /// Conversion of half precision to floats.
  @unsafe package func widen(_ halves: UnsafePointer<UInt16>, to floats: FloatSlice) {
    unsafe kernels.table.pointee.f16_to_f32(halves, floats.count, floats.base)
  }

  /// The bytes of a tensor's elements in half precision, rounded to the nearest and saturated at the greatest half.
  package func halves(of tensor: borrowing Tensor) -> [UInt8] {
    let count = tensor.shape.count
    return unsafe [UInt8](unsafeUninitializedCapacity: count * 2) { bytes, initialised in
      let raw = UnsafeMutableRawPointer(bytes.baseAddress!)
      unsafe tensor.withUnsafeElements { elements in
        unsafe raw.withMemoryRebound(to: UInt16.self, capacity: count) { halves in
          unsafe kernels.table.pointee.f32_to_f16(elements.baseAddress!, count, halves)
        }
      }
      initialised = count * 2
    }
  }
}

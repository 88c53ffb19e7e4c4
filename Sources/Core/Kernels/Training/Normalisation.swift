import CKernels
import Tensors

extension TrainingKernels {
  /// The mean and the (biased) variance of each channel of `x` `[rows, channels]`.
  package func moments(_ x: FloatSlice, rows: Int, channels: Int) -> (mean: [Float], variance: [Float]) {
    let scale = 1 / Double(rows)
    let sums = unsafe chunkedSums(rows: rows, width: channels) { range, sums in
      unsafe kernels.table.pointee.f32_sum_pixels(
        x.base + range.lowerBound * channels, range.count, channels, channels, sums)
    }
    let mean = sums.map { Float($0 * scale) }
    let squares = unsafe chunkedSums(rows: rows, width: channels) { range, sums in
      unsafe kernels.table.pointee.f32_square_sums(
        x.base + range.lowerBound * channels, mean, range.count, channels, sums)
    }
    return (mean, squares.map { Float($0 * scale) })
  }

  /// `y = clamp(x * scale + shift)`, with a scale and a shift for each channel.
  package func scale(
    _ x: FloatSlice, rows: Int, channels: Int, by scale: [Float], plus shift: [Float], activation: Activation,
    to y: FloatSlice
  ) {
    precondition(x.count == rows * channels && y.count == x.count && scale.count == channels && shift.count == channels)
    let (low, high) = activation.bounds
    ranges(rows, grain: TrainingKernels.chunk) { _, range in
      let begin = range.lowerBound * channels
      unsafe kernels.table.pointee.f32_scale_pixels(
        x.base + begin, scale, shift, range.count, channels, low, high, y.base + begin)
    }
  }

  /// The gradient of the activation bounds: kept where `y` lies between them, else 0.
  package func mask(_ dy: FloatSlice, by y: FloatSlice, _ activation: Activation) {
    precondition(dy.count == y.count, "\(dy.count) gradients of \(y.count) values")
    guard activation != .linear else { return }
    let (low, high) = activation.bounds
    ranges(dy.count, grain: 1 << 15) { _, range in
      unsafe kernels.table.pointee.f32_mask(
        dy.base + range.lowerBound, y.base + range.lowerBound, range.count, low, high)
    }
  }

  /// The gradient of a batch norm in training mode: `dy` becomes the gradient with respect to `x`.
  ///
  /// - Parameters:
  ///   - mean: the batch's mean of each channel.
  ///   - inverseDeviation: `1 / sqrt(variance + epsilon)`.
  /// - Returns: the gradients with respect to the factor and the offset.
  /// Source: "Batch Normalization", section 3.
  package func normalisationGradient(
    _ dy: FloatSlice, _ x: FloatSlice, rows: Int, channels: Int, mean: [Float], inverseDeviation: [Float],
    gamma: FloatSlice
  ) -> (gamma: [Float], beta: [Float]) {
    precondition(dy.count == rows * channels && x.count == dy.count && gamma.count == channels)
    let sums = unsafe chunkedSums(rows: rows, width: 2 * channels) { range, sums in
      let begin = range.lowerBound * channels
      unsafe kernels.table.pointee.f32_moment_sums(
        dy.base + begin, x.base + begin, mean, range.count, channels, sums, sums + channels)
    }
    var factor = [Float](repeating: 0, count: channels)
    var slope = factor
    var offset = factor
    var gammaGradient = factor
    var betaGradient = factor
    for c in 0..<channels {
      let deviation = Double(inverseDeviation[c])
      let (sum, moment) = (sums[c], sums[channels + c] * deviation)
      betaGradient[c] = Float(sum)
      gammaGradient[c] = Float(moment)
      // dx = gamma / deviation * (dy - mean(dy) - normalised x * mean(dy * normalised x))
      let scale = Double(gamma[c]) * deviation
      factor[c] = Float(scale)
      let inner = -scale * deviation * moment / Double(rows)
      slope[c] = Float(inner)
      offset[c] = Float(-scale * sum / Double(rows) - inner * Double(mean[c]))
    }
    ranges(rows, grain: TrainingKernels.chunk) { _, range in
      let begin = range.lowerBound * channels
      unsafe kernels.table.pointee.f32_combine_pixels(
        dy.base + begin, x.base + begin, factor, slope, offset, range.count, channels)
    }
    return (gammaGradient, betaGradient)
  }
}

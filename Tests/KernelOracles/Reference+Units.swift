import Kernels
import Tensors

/// The operations of ShuffleNet's units besides the usual convolutions.
extension Reference {
  /// Grouped 1x1 convolution.
  ///
  /// Weights `[in / groups, out]`, bias `[out]`.
  ///
  /// - Complexity: O(rows · in · out / groups).
  public static func groupedPointwise(
    _ x: [Float], rows: Int, groups: Int, weights: [Float], bias: [Float], residual: [Float]? = nil,
    activation: Activation
  ) -> [Float] {
    let (inputs, outputs) = (x.count / rows / groups, bias.count / groups)
    let (low, high) = activation.bounds
    var y = [Float](repeating: 0, count: rows * bias.count)
    for row in 0..<rows {
      for n in bias.indices {
        let first = (row * groups + n / outputs) * inputs
        var sum = Double(bias[n])
        for k in 0..<inputs { sum += Double(x[first + k]) * Double(weights[k * bias.count + n]) }
        if let residual { sum += Double(residual[row * bias.count + n]) }
        y[row * bias.count + n] = min(max(Float(sum), low), high)
      }
    }
    return y
  }

  /// Channel shuffle: channels `[groups, n]` of each pixel become `[n, groups]`.
  ///
  /// Source: "ShuffleNet", section 3.1.
  public static func shuffle(_ x: [Float], channels: Int, groups: Int) -> [Float] {
    let each = channels / groups
    return x.indices.map { i in
      let (pixel, channel) = (i / channels, i % channels)
      return x[pixel * channels + channel % groups * each + channel / groups]
    }
  }

  /// 3x3 max pooling; padding counts as the smallest value.
  public static func maxPooling3x3(_ x: [Float], _ shape: Shape, stride: Int, padding: Padding) -> (
    shape: Shape, values: [Float]
  ) {
    mapPixels(x, shape, shape.channels, stride: stride, dilation: 1, padding: padding) { taps, c in
      taps.map { x[$0.pixel * shape.channels + c] }.max() ?? -.infinity
    }
  }

  /// 3x3 average pooling: a ninth of the sum, in which padding counts as 0.
  public static func averagePooling3x3(_ x: [Float], _ shape: Shape, stride: Int, padding: Padding) -> (
    shape: Shape, values: [Float]
  ) {
    mapPixels(x, shape, shape.channels, stride: stride, dilation: 1, padding: padding) { taps, c in
      Float(taps.reduce(0.0) { $0 + Double(x[$1.pixel * shape.channels + c]) } / 9)
    }
  }

  /// The channels of `a`, then those of `b`, pixel by pixel.
  public static func concatenation(
    _ a: (shape: Shape, values: [Float]), _ b: (shape: Shape, values: [Float])
  ) -> (shape: Shape, values: [Float]) {
    let (m, n) = (a.shape.channels, b.shape.channels)
    var values: [Float] = []
    values.reserveCapacity(a.values.count + b.values.count)
    for p in 0..<a.shape.pixels {
      values += a.values[p * m..<(p + 1) * m]
      values += b.values[p * n..<(p + 1) * n]
    }
    return (a.shape.with(channels: m + n), values)
  }
}

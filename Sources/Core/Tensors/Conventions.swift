// Conventions that differ between checkpoint families. A model's card has one of each; there are no defaults.

/// The padding rule of a convolution's input.
public enum Padding: String, Codable, Hashable, Sendable, CaseIterable {
  /// TensorFlow's SAME: the output has `ceil(n / stride)` pixels, and an odd total of padding puts the extra pixel
  /// last.
  case same
  /// PyTorch's symmetric padding: `dilation * (kernel - 1) / 2` pixels on every side.
  case symmetric

  /// The size of the output and the zeros before the first pixel, along one axis.
  ///
  /// - Parameters:
  ///   - extent: pixels of the input along the axis, at least 1.
  ///   - stride: distance between output pixels.
  ///   - dilation: distance between taps.
  ///   - kernel: taps, an odd number.
  package func resolve(extent: Int, stride: Int, dilation: Int, kernel: Int = 3) -> (output: Int, before: Int) {
    let reach = (kernel - 1) * dilation + 1
    switch self {
    case .same:
      let output = (extent + stride - 1) / stride
      let total = max((output - 1) * stride + reach - extent, 0)
      return (output, total / 2)
    case .symmetric:
      return ((extent - 1) / stride + 1, reach / 2)
    }
  }
}

/// The sampling grid of a bilinear resize, one of the three conventions in use.
public enum SamplingGrid: String, Codable, Hashable, Sendable, CaseIterable {
  /// `x * in / out`: corners at the origin, TensorFlow 1's default (`align_corners=False`).
  case legacy
  /// `x * (in - 1) / (out - 1)`: first and last pixels coincide (`align_corners=True`).
  case alignCorners = "align-corners"
  /// `(x + 0.5) * in / out - 0.5`: pixel centres coincide (PyTorch, OpenCV, TensorFlow 2).
  case halfPixel = "half-pixel"

  /// The input coordinate that output pixel `index` samples, before clamping to `0 ... input - 1`.
  package func coordinate(of index: Int, input: Int, output: Int) -> Float {
    coordinate(at: Float(index), input: input, output: output)
  }

  /// The input coordinate of a position that may be between output pixels, before clamping to `0 ... input - 1`.
  ///
  /// With `input` and `output` exchanged it is the way back, except at a single pixel, whose coordinate is 0.
  package func coordinate(at position: Float, input: Int, output: Int) -> Float {
    switch self {
    case .legacy: return position * (Float(input) / Float(output))
    case .alignCorners: return output > 1 ? position * (Float(input - 1) / Float(output - 1)) : 0
    case .halfPixel: return (position + 0.5) * (Float(input) / Float(output)) - 0.5
    }
  }
}

/// The activation of a convolution or a sum.
public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
  /// The identity, for linear bottlenecks and predictions.
  case linear
  /// `max(x, 0)`.
  case relu
  /// `min(max(x, 0), 6)`.
  case relu6
  /// `x * relu6(x + 3) / 6`. Source: "Searching for MobileNetV3", section 5.2.
  case hardSwish = "hard-swish"
  /// `relu6(x + 3) / 6`.
  case hardSigmoid = "hard-sigmoid"
  /// `1 / (1 + exp(-x))`.
  case sigmoid

  /// The bounds of an activation that is a clamp; `nil` for the others.
  package var clamp: (low: Float, high: Float)? {
    switch self {
    case .linear: return (-.infinity, .infinity)
    case .relu: return (0, .infinity)
    case .relu6: return (0, 6)
    case .hardSwish, .hardSigmoid, .sigmoid: return nil
    }
  }

  /// The bounds of an activation that is a clamp.
  package var bounds: (low: Float, high: Float) {
    guard let clamp else { preconditionFailure("\(self) is no clamp") }
    return clamp
  }
}

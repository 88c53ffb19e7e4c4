import Backbone
import Kernels
import ModelFiles
import Tensors

/// A full 3x3 convolution with bias and clamp on the fast kernels, of any dilation: each output sees all inputs.
///
/// Weights: `NAME.weight` `[3, 3, inputs, outputs]` and `NAME.bias` `[outputs]`. It takes no memory beside its answer.
public final class Convolution3x3: Sendable {
  public let inputs, outputs: Int
  private let stride, dilation: Int
  private let padding: Padding
  private let packed: PackedConvolution
  private let compute: Compute

  /// Packs the weights.
  ///
  /// - Parameters:
  ///   - stride: 1 or 2.
  ///   - dilation: pixels between taps, at least 1; taps outside the map read zeros, also where all but one do.
  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  public init(
    _ name: String, inputs: Int, outputs: Int, stride: Int = 1, dilation: Int = 1, padding: Padding,
    activation: Activation, weights: Weights, compute: Compute
  ) throws(WeightsError) {
    precondition(1...2 ~= stride && dilation >= 1, "stride \(stride), dilation \(dilation)")
    self.inputs = inputs
    self.outputs = outputs
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.compute = compute
    packed = try LayerPacker(weights: weights, kernels: compute.kernels)
      .convolution(name, inputs: inputs, outputs: outputs, activation)
  }

  /// The shape of the output for an input of that shape.
  public func output(of shape: Shape) -> Shape {
    let g = geometry(shape)
    return Shape(batch: shape.batch, height: g.outHeight, width: g.outWidth, channels: outputs)
  }

  /// `[N, H, W, inputs]` to `[N, H', W', outputs]`.
  ///
  /// - Complexity: O(9 · output pixels · inputs · outputs); taps outside the map cost nothing.
  public func callAsFunction(_ x: borrowing Tensor) -> Tensor {
    let y = unsafe Tensor(undefined: output(of: x.shape))
    unsafe y.withUnsafeElements { unsafe run(x, to: $0.baseAddress!, stride: outputs) }
    return y
  }

  /// Writes the answer where the caller wants it: pixels `stride` floats apart.
  @unsafe package func run(_ x: borrowing Tensor, to: UnsafeMutablePointer<Float>, stride: Int) {
    let shape = x.shape
    precondition(shape.channels == inputs, "\(shape.channels) channels, expected \(inputs)")
    let g = geometry(shape)
    unsafe x.withUnsafeElements { from in
      for picture in 0..<shape.batch {
        unsafe packed.run(
          g, on: compute.pool, from: from.baseAddress! + picture * shape.pixels * inputs,
          to: to + picture * g.outHeight * g.outWidth * stride, stride: stride)
      }
    }
  }

  /// The tensors that a convolution of that name needs.
  public static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterInfo] {
    [
      ParameterInfo(name: "\(name).weight", shape: [3, 3, inputs, outputs]),
      ParameterInfo(name: "\(name).bias", shape: [outputs]),
    ]
  }

  /// What it costs on a map of that shape, taps outside the map counted.
  public func cost(_ name: String, on shape: Shape) -> LayerCost {
    .convolution(name, inputs: inputs, output: output(of: shape), taps: 9)
  }

  /// Multiply-adds of the plain network that are not done on a map of that shape, since their taps lie outside it.
  package func sparedMultiplyAdds(on shape: Shape) -> Int {
    let g = geometry(shape)
    return (9 * g.outHeight * g.outWidth - g.reachedTaps) * inputs * outputs
  }

  private func geometry(_ shape: Shape) -> Geometry {
    Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
  }
}

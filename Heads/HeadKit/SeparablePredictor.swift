import Backbone
import Kernels
import ModelFiles
import Tensors

/// SSDLite's predictor: a 3x3 depthwise convolution with ReLU6, then a linear 1x1.
///
/// Source: paper, section 6.2: the separable form that replaces SSD's full convolutions.
public final class SeparablePredictor: Sendable {
  public let depthwise: Depthwise
  public let pointwise: Pointwise

  /// Takes the weights `NAME.depthwise` and `NAME.pointwise`.
  ///
  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  public init(
    _ name: String, inputs: Int, outputs: Int, padding: Padding, weights: Weights, compute: Compute
  ) throws(WeightsError) {
    depthwise = try Depthwise(
      "\(name).depthwise", channels: inputs, padding: padding, activation: .relu6, weights: weights, compute: compute)
    pointwise = try Pointwise(
      "\(name).pointwise", inputs: inputs, outputs: outputs, activation: .linear, weights: weights, compute: compute)
  }

  /// `[N, H, W, inputs]` to `[N, H, W, outputs]`.
  public func callAsFunction(_ x: borrowing Tensor) -> Tensor { pointwise(depthwise(x)) }

  /// The tensors that a predictor of that name needs.
  public static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterInfo] {
    [
      ParameterInfo(name: "\(name).depthwise.weight", shape: [3, 3, inputs]),
      ParameterInfo(name: "\(name).depthwise.bias", shape: [inputs]),
      ParameterInfo(name: "\(name).pointwise.weight", shape: [inputs, outputs]),
      ParameterInfo(name: "\(name).pointwise.bias", shape: [outputs]),
    ]
  }

  /// What it costs on a map of that shape.
  public func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    [depthwise.cost("\(name)/depthwise", on: shape), pointwise.cost("\(name)/pointwise", on: shape)]
  }
}

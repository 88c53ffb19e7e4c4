import Backbone
import Kernels
import ModelFiles
import Tensors

/// SSDLite's predictor: a 3x3 depthwise convolution with ReLU6, then a linear 1x1; both in one pass over the map.
///
/// Source: paper, section 6.2: the separable form that replaces SSD's full convolutions.
public final class SeparablePredictor: Sendable {
  public let inputs, outputs: Int
  private let layer: FusedLayer

  /// Takes the weights `NAME.depthwise` and `NAME.pointwise`.
  ///
  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  public init(
    _ name: String, inputs: Int, outputs: Int, padding: Padding, weights: Weights, compute: Compute
  ) throws(WeightsError) {
    self.inputs = inputs
    self.outputs = outputs
    let branch = try SeparablePredictor.branch(
      name, inputs: inputs, outputs: outputs, weights: weights, compute: compute)
    layer = FusedLayer(
      FusedBlock(compute.kernels, source: .map(channels: inputs), branches: [branch]), padding: padding,
      compute: compute)
  }

  /// `[N, H, W, inputs]` to `[N, H, W, outputs]`.
  ///
  /// - Complexity: O(pixels · inputs · (9 + outputs)).
  public func callAsFunction(_ x: borrowing Tensor) -> Tensor { layer(x) }

  /// The two convolutions, packed: one way through a map that several predictors may read at once.
  package static func branch(
    _ name: String, inputs: Int, outputs: Int, weights: Weights, compute: Compute
  ) throws(WeightsError) -> FusedBlock.Branch {
    let pack = LayerPacker(weights: weights, kernels: compute.kernels)
    return FusedBlock.Branch(
      depthwise: try pack.depthwise("\(name).depthwise", channels: inputs, .relu6),
      project: try pack.pointwise("\(name).pointwise", inputs: inputs, outputs: outputs, .linear))
  }

  /// The tensors that a predictor of that name needs.
  public static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterInfo] {
    Depthwise.parameters("\(name).depthwise", channels: inputs)
      + Pointwise.parameters("\(name).pointwise", inputs: inputs, outputs: outputs)
  }

  /// What it costs on a map of that shape.
  public func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    SeparablePredictor.costs(name, outputs: outputs, on: shape)
  }

  package static func costs(_ name: String, outputs: Int, on shape: Shape) -> [LayerCost] {
    [
      .depthwise("\(name)/depthwise", output: shape),
      .convolution("\(name)/pointwise", inputs: shape.channels, output: shape.with(channels: outputs)),
    ]
  }
}

import Backbone
import Kernels
import ModelFiles
import Tensors

/// The paper's own head: mean over all pixels, then one logit for each class.
public final class Classifier: Head {
  public let taps: [Tap]
  public let classes: Int
  private let product: Pointwise
  private let compute: Compute

  /// Takes the weights `classifier`.
  ///
  /// - Throws: `BackboneError` when a tensor is missing.
  public convenience init(classes: Int, on backbone: any Backbone, weights: Weights) throws(BackboneError) {
    try self.init(
      classes: classes, on: backbone.layout.taps.last!, weights: weights, compute: backbone.compute)
  }

  /// Takes the weights `classifier` for a network whose deepest map is that one.
  package init(classes: Int, on deepest: TapInfo, weights: Weights, compute: Compute) throws(BackboneError) {
    self.classes = classes
    self.compute = compute
    taps = [deepest.tap]
    do {
      product = try Pointwise(
        "classifier", inputs: deepest.channels, outputs: classes, activation: .linear, weights: weights,
        compute: compute)
    } catch { throw .weights(error) }
  }

  /// The logits `[N, 1, 1, classes]`.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector {
    FeatureVector(product(globalPooling(maps[taps[0]].tensor, compute: compute)))
  }

  /// The tensors it needs.
  public static func parameters(classes: Int, layout: NetworkLayout) -> [ParameterInfo] {
    let inputs = layout.taps.last!.channels
    return [
      ParameterInfo(name: "classifier.weight", shape: [inputs, classes]),
      ParameterInfo(name: "classifier.bias", shape: [classes]),
    ]
  }

  /// What it costs, pooling not counted.
  public func costs() -> [LayerCost] {
    [product.cost("classifier", on: Shape(height: 1, width: 1, channels: product.inputs))]
  }
}

/// A tensor that can be shared.
public final class FeatureVector: Sendable {
  public let tensor: Tensor

  public init(_ tensor: consuming Tensor) { self.tensor = tensor }
}

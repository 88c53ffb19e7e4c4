import Backbone
import Kernels
import ModelFiles
import Tensors

/// The paper's own head: mean over all pixels, then one logit for each class.
public final class Classifier: Head {
  public let taps: [Tap] = [.last]
  public let classes: Int
  private let product: Pointwise
  private let compute: Compute

  /// Takes the weights `classifier`.
  ///
  /// - Throws: `BackboneError` when the backbone has no last convolution or a tensor is missing.
  public convenience init(classes: Int, on backbone: MobileNetV2, weights: Weights) throws(BackboneError) {
    try self.init(
      classes: classes, inputs: backbone.info(.last).channels, weights: weights, compute: backbone.compute)
  }

  /// Takes the weights `classifier` for a last convolution of that many channels.
  package init(classes: Int, inputs: Int, weights: Weights, compute: Compute) throws(BackboneError) {
    self.classes = classes
    self.compute = compute
    do {
      product = try Pointwise(
        "classifier", inputs: inputs, outputs: classes, activation: .linear, weights: weights, compute: compute)
    } catch { throw .weights(error) }
  }

  /// The logits `[N, 1, 1, classes]`.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector {
    FeatureVector(product(globalPooling(maps[.last].tensor, compute: compute)))
  }

  /// The tensors it needs.
  public static func parameters(classes: Int, layout: NetworkLayout) -> [ParameterInfo] {
    let inputs = layout.lastChannels ?? layout.blocks.last!.outputs
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

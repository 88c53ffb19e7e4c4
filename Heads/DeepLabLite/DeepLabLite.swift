@_exported import HeadKit
import Backbone
import Kernels
import ModelFiles
import Postprocess
import Tensors

/// DeepLabV3 without its atrous branches: image pooling and a 1x1 branch, concatenated, projected, then class logits.
///
/// Source: paper, section 6.3 and table 7 (the rows without ASPP); "Rethinking Atrous Convolution", section 3.3.
public final class DeepLabLiteHead: Head {
  /// Channels of each branch and of the projection.
  public static let branchChannels = 256

  public let taps: [Tap]
  public let outputs: Int
  private let compute: Compute
  private let pooling, aspp, poolingProjection, projection, logits: Pointwise

  /// Takes the weights `deeplab.{pooling,aspp,projection,logits}`.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape.
  public init(_ card: SegmentationCard, on backbone: MobileNetV2, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let deepest = backbone.layout.blocks.last!
    let channels = DeepLabLiteHead.branchChannels
    self.compute = compute
    outputs = card.outputs
    taps = [.block(deepest.index)]
    func layer(_ name: String, _ inputs: Int, _ outputs: Int, _ activation: Activation) throws(WeightsError)
      -> Pointwise
    {
      try Pointwise(
        "deeplab.\(name)", inputs: inputs, outputs: outputs, activation: activation, weights: weights, compute: compute)
    }
    do throws(WeightsError) {
      pooling = try layer("pooling", deepest.outputs, channels, .relu)
      aspp = try layer("aspp", deepest.outputs, channels, .relu)
      logits = try layer("logits", channels, card.outputs, .linear)
      // The pooled branch is the same at every pixel, so its part of the projection is computed once and added.
      let halves = try weights.withTensor("deeplab.projection.weight", shape: [2 * channels, channels]) { weight in
        Result { () throws(WeightsError) in
          try weights.withTensor("deeplab.projection.bias", shape: [channels]) { bias in
            let zeros = [Float](repeating: 0, count: channels)
            let half = channels * channels
            return (
              Pointwise(
                inputs: channels, outputs: channels, activation: .linear, weights: weight.extracting(0..<half),
                bias: bias, compute: compute),
              Pointwise(
                inputs: channels, outputs: channels, activation: .relu, weights: weight.extracting(half..<2 * half),
                bias: zeros.span, compute: compute)
            )
          }
        }
      }
      (poolingProjection, projection) = try halves.get()
    } catch { throw .weights(error) }
  }

  /// The class logits of each map pixel, `[N, H, W, outputs]`; N must be 1.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector {
    let map = maps[taps[0]]
    precondition(map.shape.batch == 1, "a batch of \(map.shape.batch), expected 1")
    let pooled = poolingProjection(pooling(globalPooling(map.tensor, compute: compute)))
    return FeatureVector(logits(projection(aspp(map.tensor), addend: pooled)))
  }

  /// The tensors it needs.
  public static func parameters(outputs: Int, layout: NetworkLayout) -> [ParameterInfo] {
    let deepest = layout.blocks.last!.outputs
    let channels = branchChannels
    return [
      ("pooling", deepest, channels), ("aspp", deepest, channels), ("projection", 2 * channels, channels),
      ("logits", channels, outputs),
    ].flatMap { name, inputs, outputs in
      [
        ParameterInfo(name: "deeplab.\(name).weight", shape: [inputs, outputs]),
        ParameterInfo(name: "deeplab.\(name).bias", shape: [outputs]),
      ]
    }
  }

  /// What each layer costs on a map of that shape, counted as the plain network: the concatenation is projected whole.
  public func costs(on shape: Shape) -> [LayerCost] {
    let branch = shape.with(channels: 2 * DeepLabLiteHead.branchChannels)
    return [
      pooling.cost("deeplab/pooling", on: Shape(height: 1, width: 1, channels: shape.channels)),
      aspp.cost("deeplab/aspp", on: shape),
      .convolution(
        "deeplab/projection", inputs: branch.channels, output: shape.with(channels: DeepLabLiteHead.branchChannels)),
      logits.cost("deeplab/logits", on: shape),
    ]
  }
}

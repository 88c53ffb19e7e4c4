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
  private let pooling, poolingProjection: Pointwise
  /// The 1x1 branch, its part of the projection, and the logits.
  private let chain: PointwiseChain

  /// Takes the weights `deeplab.{pooling,aspp,projection,logits}`.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape.
  public init(_ card: SegmentationCard, on backbone: any Backbone, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let deepest = backbone.layout.blocks.last!
    let channels = DeepLabLiteHead.branchChannels
    self.compute = compute
    outputs = card.outputs
    taps = [backbone.layout.deepestBlock]
    let pack = LayerPacker(weights: weights, kernels: compute.kernels)
    do throws(WeightsError) {
      pooling = try Pointwise(
        "deeplab.pooling", inputs: deepest.outputs, outputs: channels, activation: .relu, weights: weights,
        compute: compute)
      let aspp = try pack.pointwise("deeplab.aspp", inputs: deepest.outputs, outputs: channels, .relu)
      let logits = try pack.pointwise("deeplab.logits", inputs: channels, outputs: card.outputs, .linear)
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
              PackedPointwise(
                compute.kernels, inputs: channels, outputs: channels, weights: weight.extracting(half..<2 * half),
                bias: zeros.span, activation: .relu)
            )
          }
        }
      }
      let (poolingProjection, projection) = try halves.get()
      self.poolingProjection = poolingProjection
      chain = PointwiseChain([aspp, projection, logits])
    } catch { throw .weights(error) }
  }

  /// The class logits of each map pixel, `[N, H, W, outputs]`; N must be 1.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector {
    let map = maps[taps[0]]
    precondition(map.shape.batch == 1, "a batch of \(map.shape.batch), expected 1")
    let pooled = poolingProjection(pooling(globalPooling(map.tensor, compute: compute)))
    let y = unsafe Tensor(undefined: map.shape.with(channels: outputs))
    let scratch = compute.workspaces.take(chain.scratch(threads: compute.pool.threads))
    unsafe map.tensor.withUnsafeElements { from in
      unsafe pooled.withUnsafeElements { pooled in
        unsafe y.withUnsafeElements { to in
          unsafe chain.run(
            on: compute.pool, pixels: map.shape.pixels, from: from.baseAddress!, to: to.baseAddress!,
            addends: [nil, UnsafePointer(pooled.baseAddress!), nil], scratch: scratch.base)
        }
      }
    }
    compute.workspaces.give(scratch)
    return FeatureVector(y)
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

  /// Multiply-adds of the plain network that are not done, since the pooled branch is the same at every pixel.
  package func sparedMultiplyAdds(on shape: Shape) -> Int {
    (shape.pixels - 1) * DeepLabLiteHead.branchChannels * DeepLabLiteHead.branchChannels
  }

  /// What each layer costs on a map of that shape, counted as the plain network: the concatenation is projected whole.
  public func costs(on shape: Shape) -> [LayerCost] {
    let channels = DeepLabLiteHead.branchChannels
    let branch = shape.with(channels: channels)
    return [
      pooling.cost("deeplab/pooling", on: Shape(height: 1, width: 1, channels: shape.channels)),
      .convolution("deeplab/aspp", inputs: shape.channels, output: branch),
      .convolution("deeplab/projection", inputs: 2 * channels, output: branch),
      .convolution("deeplab/logits", inputs: channels, output: shape.with(channels: outputs)),
    ]
  }
}

@_exported import HeadKit
import Backbone
import Kernels
import ModelFiles
import Postprocess
import Tensors

/// DeepLabV3: branches over the deepest map, concatenated, projected, then class logits.
///
/// The lite head has two branches, image pooling and a 1x1 convolution; where the card asks for atrous spatial pyramid pooling
/// there are three more, 3x3 convolutions with dilations far apart.
/// Source: paper, section 6.3 and table 7; "Rethinking Atrous Convolution for Semantic Image Segmentation", section 3.3.
public final class DeepLabLiteHead: Head {
  /// Channels of each branch and of the projection.
  public static let branchChannels = 256

  public let taps: [Tap]
  public let outputs: Int
  private let compute: Compute
  private let pooling, poolingProjection: Pointwise
  /// The atrous branches, and the 1x1 branch beside them.
  private let pyramid: AtrousPyramid?
  /// The branches' part of the projection, and the logits; of the lite head also the 1x1 branch in front of them.
  private let chain: PointwiseChain

  /// Takes the weights `deeplab.{pooling,aspp,projection,logits}`, and `deeplab.atrous{1,2,3}` where the card asks for them.
  ///
  /// - Throws: `BackboneError.weights` when a tensor is missing or has another shape.
  public init(_ card: SegmentationCard, on backbone: any Backbone, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let inputs = backbone.layout.blocks.last!.outputs
    let channels = DeepLabLiteHead.branchChannels
    self.compute = compute
    outputs = card.outputs
    taps = [backbone.layout.deepestBlock]
    let pack = LayerPacker(weights: weights, kernels: compute.kernels)
    do throws(WeightsError) {
      pooling = try Pointwise(
        "deeplab.pooling", inputs: inputs, outputs: channels, activation: .relu, weights: weights, compute: compute)
      let aspp = try pack.pointwise("deeplab.aspp", inputs: inputs, outputs: channels, .relu)
      pyramid =
        card.branches == .aspp
        ? try AtrousPyramid(aspp, on: backbone.layout, channels: channels, weights: weights, compute: compute) : nil
      let logits = try pack.pointwise("deeplab.logits", inputs: channels, outputs: card.outputs, .linear)
      // The pooled branch is the same at every pixel, so its part of the projection is computed once and added.
      let rest = pyramid?.outputs ?? channels
      let parts = try weights.withTensor("deeplab.projection.weight", shape: [channels + rest, channels]) { weight in
        Result { () throws(WeightsError) in
          try weights.withTensor("deeplab.projection.bias", shape: [channels]) { bias in
            let zeros = [Float](repeating: 0, count: channels)
            let border = channels * channels
            return (
              Pointwise(
                inputs: channels, outputs: channels, activation: .linear, weights: weight.extracting(0..<border),
                bias: bias, compute: compute),
              PackedPointwise(
                compute.kernels, inputs: rest, outputs: channels,
                weights: weight.extracting(border..<border + rest * channels), bias: zeros.span, activation: .relu)
            )
          }
        }
      }
      let (poolingProjection, projection) = try parts.get()
      self.poolingProjection = poolingProjection
      chain = PointwiseChain((pyramid == nil ? [aspp] : []) + [projection, logits])
    } catch { throw .weights(error) }
  }

  /// The class logits of each map pixel, `[N, H, W, outputs]`; N must be 1.
  public func callAsFunction(_ maps: FeatureMaps) -> FeatureVector {
    let map = maps[taps[0]]
    precondition(map.shape.batch == 1, "a batch of \(map.shape.batch), expected 1")
    let pooled = poolingProjection(pooling(globalPooling(map.tensor, compute: compute)))
    guard let pyramid else { return project(map.tensor, pooled: pooled, addends: [false, true, false]) }
    return project(pyramid(map.tensor), pooled: pooled, addends: [true, false])
  }

  /// Runs the chain.
  ///
  /// - Parameter addends: for each of its layers whether `pooled` is added to it.
  private func project(_ x: borrowing Tensor, pooled: borrowing Tensor, addends: [Bool]) -> FeatureVector {
    let shape = x.shape
    let y = unsafe Tensor(undefined: shape.with(channels: outputs))
    let scratch = compute.workspaces.take(chain.scratch(threads: compute.pool.threads))
    unsafe x.withUnsafeElements { from in
      unsafe pooled.withUnsafeElements { pooled in
        unsafe y.withUnsafeElements { to in
          unsafe chain.run(
            on: compute.pool, pixels: shape.pixels, from: from.baseAddress!, to: to.baseAddress!,
            addends: addends.map { unsafe $0 ? UnsafePointer(pooled.baseAddress!) : nil }, scratch: scratch.base)
        }
      }
    }
    compute.workspaces.give(scratch)
    return FeatureVector(y)
  }

  /// The tensors it needs.
  public static func parameters(
    outputs: Int, layout: NetworkLayout, _ branches: SegmentationCard.Branches = .lite
  ) -> [ParameterInfo] {
    let inputs = layout.blocks.last!.outputs
    let channels = branchChannels
    let atrous = branches == .aspp ? AtrousPyramid.parameters(inputs: inputs, channels: channels) : []
    // Each has as many tensors: a weight and a bias.
    let count = 2 + atrous.count / 2
    return Pointwise.parameters("deeplab.pooling", inputs: inputs, outputs: channels)
      + Pointwise.parameters("deeplab.aspp", inputs: inputs, outputs: channels) + atrous
      + Pointwise.parameters("deeplab.projection", inputs: count * channels, outputs: channels)
      + Pointwise.parameters("deeplab.logits", inputs: channels, outputs: outputs)
  }

  /// Multiply-adds of the plain network that are not done: the pooled branch is the same at every pixel, and taps outside the
  /// map read zeros.
  package func sparedMultiplyAdds(on shape: Shape) -> Int {
    (shape.pixels - 1) * DeepLabLiteHead.branchChannels * DeepLabLiteHead.branchChannels
      + (pyramid?.sparedMultiplyAdds(on: shape) ?? 0)
  }

  /// What each layer costs on a map of that shape, counted as the plain network: the concatenation is projected whole.
  public func costs(on shape: Shape) -> [LayerCost] {
    let channels = DeepLabLiteHead.branchChannels
    let branch = shape.with(channels: channels)
    return [
      pooling.cost("deeplab/pooling", on: Shape(height: 1, width: 1, channels: shape.channels)),
      .convolution("deeplab/aspp", inputs: shape.channels, output: branch),
    ] + (pyramid?.costs(on: shape) ?? []) + [
      .convolution("deeplab/projection", inputs: channels + (pyramid?.outputs ?? channels), output: branch),
      .convolution("deeplab/logits", inputs: channels, output: shape.with(channels: outputs)),
    ]
  }
}

import Backbone
import HeadKit
import Kernels
import ModelFiles
import Tensors

/// Atrous spatial pyramid pooling, without the pooled branch: a 1x1 and three dilated 3x3 convolutions of the same map, their
/// channels side by side, all with ReLU.
///
/// Source: "Rethinking Atrous Convolution for Semantic Image Segmentation", section 3.3.
final class AtrousPyramid: Sendable {
  private let product: PackedPointwise
  private let filters: [Convolution3x3]
  private let compute: Compute

  /// Takes the weights `deeplab.atrous{1,2,3}`.
  ///
  /// - Parameter product: the 1x1 branch.
  init(_ product: PackedPointwise, on layout: NetworkLayout, channels: Int, weights: Weights, compute: Compute)
    throws(WeightsError)
  {
    self.product = product
    self.compute = compute
    let rates = AtrousPyramid.rates(outputStride: layout.blocks.last!.outputStride)
    filters = try compute.pool.map(rates.count) { (index) throws(WeightsError) in
      try Convolution3x3(
        AtrousPyramid.name(index), inputs: product.inputs, outputs: channels, dilation: rates[index],
        padding: layout.padding, activation: .relu, weights: weights, compute: compute)
    }
  }

  /// The dilations: 6, 12, 18 at output stride 16 and doubled at 8, as the paper has them; halved at 32.
  static func rates(outputStride: Int) -> [Int] { [6, 12, 18].map { $0 * 16 / outputStride } }

  private static func name(_ index: Int) -> String { "deeplab.atrous\(index + 1)" }

  /// Channels of the answer.
  var outputs: Int { product.outputs + filters.reduce(0) { $0 + $1.outputs } }

  /// `[1, H, W, inputs]` to `[1, H, W, outputs]`.
  func callAsFunction(_ x: borrowing Tensor) -> Tensor {
    let (shape, stride) = (x.shape, outputs)
    let y = unsafe Tensor(undefined: shape.with(channels: stride))
    unsafe y.withUnsafeElements { to in
      unsafe x.withUnsafeElements { from in
        unsafe product.runAll(
          on: compute.pool, rows: shape.pixels, from: from.baseAddress!, to: to.baseAddress!, toStride: stride)
      }
      var first = product.outputs
      for filter in filters {
        unsafe filter.run(x, to: to.baseAddress! + first, stride: stride)
        first += filter.outputs
      }
    }
    return y
  }

  static func parameters(inputs: Int, channels: Int) -> [ParameterInfo] {
    (0..<3).flatMap { Convolution3x3.parameters(name($0), inputs: inputs, outputs: channels) }
  }

  func sparedMultiplyAdds(on shape: Shape) -> Int { filters.reduce(0) { $0 + $1.sparedMultiplyAdds(on: shape) } }

  func costs(on shape: Shape) -> [LayerCost] {
    filters.enumerated().map { $1.cost("deeplab/atrous\($0 + 1)", on: shape) }
  }
}

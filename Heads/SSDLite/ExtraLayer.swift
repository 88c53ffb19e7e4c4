import Backbone
import HeadKit
import Kernels
import ModelFiles
import Tensors

/// A layer that halves the map once more, each convolution with ReLU6: reduce 1x1 to half the channels, then depthwise 3x3
/// with stride 2 and expand 1x1; or in place of both a full 3x3 with stride 2.
enum ExtraLayer: Sendable {
  case separable(FusedLayer)
  case full(reduce: Pointwise, expand: Convolution3x3)

  init(
    _ convolutions: DetectionCard.Convolutions, _ name: String, inputs: Int, _ widths: SSDLiteHead.ExtraWidths,
    padding: Padding, weights: Weights, compute: Compute
  ) throws(WeightsError) {
    let (half, outputs) = (widths.reduced, widths.outputs)
    switch convolutions {
    case .separable:
      let pack = LayerPacker(weights: weights, kernels: compute.kernels)
      let reduce = try pack.pointwise("\(name).reduce", inputs: inputs, outputs: half, .relu6, wholeVectors: true)
      let branch = FusedBlock.Branch(
        depthwise: try pack.depthwise("\(name).depthwise", channels: half, .relu6),
        project: try pack.pointwise("\(name).expand", inputs: half, outputs: outputs, .relu6))
      self = .separable(
        FusedLayer(
          FusedBlock(compute.kernels, source: .pointwise(reduce), branches: [branch]), stride: 2, padding: padding,
          compute: compute))
    case .full:
      self = .full(
        reduce: try Pointwise(
          "\(name).reduce", inputs: inputs, outputs: half, activation: .relu6, weights: weights, compute: compute),
        expand: try Convolution3x3(
          "\(name).expand", inputs: half, outputs: outputs, stride: 2, padding: padding, activation: .relu6,
          weights: weights, compute: compute))
    }
  }

  func callAsFunction(_ x: borrowing Tensor) -> Tensor {
    switch self {
    case .separable(let layer): return layer(x)
    case .full(let reduce, let expand): return expand(reduce(x))
    }
  }

  func output(of shape: Shape) -> Shape {
    switch self {
    case .separable(let layer): return layer.output(of: shape)
    case .full(_, let expand): return expand.output(of: shape)
    }
  }

  func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    switch self {
    case .separable(let layer):
      let (half, output) = (layer.block.source.channels, output(of: shape))
      return [
        .convolution("\(name)/reduce", inputs: shape.channels, output: shape.with(channels: half)),
        .depthwise("\(name)/depthwise", output: output.with(channels: half)),
        .convolution("\(name)/expand", inputs: half, output: output),
      ]
    case .full(let reduce, let expand):
      return [reduce.cost("\(name)/reduce", on: shape), expand.cost("\(name)/expand", on: shape)]
    }
  }

  /// Multiply-adds of the plain network that are not done, since their taps lie outside the map.
  func sparedMultiplyAdds(on shape: Shape) -> Int {
    guard case .full(let reduce, let expand) = self else { return 0 }
    return expand.sparedMultiplyAdds(on: shape.with(channels: reduce.outputs))
  }

  static func parameters(
    _ convolutions: DetectionCard.Convolutions, _ name: String, inputs: Int, _ widths: SSDLiteHead.ExtraWidths
  ) -> [ParameterInfo] {
    let (half, outputs) = (widths.reduced, widths.outputs)
    let reduce = Pointwise.parameters("\(name).reduce", inputs: inputs, outputs: half)
    switch convolutions {
    case .separable:
      return reduce + Depthwise.parameters("\(name).depthwise", channels: half)
        + Pointwise.parameters("\(name).expand", inputs: half, outputs: outputs)
    case .full: return reduce + Convolution3x3.parameters("\(name).expand", inputs: half, outputs: outputs)
    }
  }
}

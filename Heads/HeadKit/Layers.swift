import Backbone
import Kernels
import ModelFiles
import Tensors

/// A 1x1 convolution with bias and clamp on the fast kernels.
///
/// Weights: `NAME.weight` `[inputs, outputs]` and `NAME.bias` `[outputs]`.
public final class Pointwise: Sendable {
  public let inputs: Int
  public let outputs: Int
  private let packed: PackedPointwise
  private let compute: Compute

  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  public init(
    _ name: String, inputs: Int, outputs: Int, activation: Activation, weights: Weights, compute: Compute
  ) throws(WeightsError) {
    self.inputs = inputs
    self.outputs = outputs
    self.compute = compute
    packed = try LayerPacker(weights: weights, kernels: compute.kernels)
      .pointwise(name, inputs: inputs, outputs: outputs, activation)
  }

  /// Packs weights that are at hand: `[inputs, outputs]` and `[outputs]`.
  public init(
    inputs: Int, outputs: Int, activation: Activation, weights: Span<Float>, bias: Span<Float>, compute: Compute
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.compute = compute
    packed = PackedPointwise(
      compute.kernels, inputs: inputs, outputs: outputs, weights: weights, bias: bias, activation: activation)
  }

  /// `[N, H, W, inputs]` to `[N, H, W, outputs]`.
  ///
  /// - Complexity: O(pixels · inputs · outputs).
  public func callAsFunction(_ x: borrowing Tensor) -> Tensor { unsafe run(x, addend: nil) }

  /// The same with `addend`, `[outputs]`, added at every pixel before the clamp.
  public func callAsFunction(_ x: borrowing Tensor, addend: borrowing Tensor) -> Tensor {
    precondition(addend.shape.count == outputs, "an addend of \(addend.shape) for \(outputs) channels")
    return unsafe addend.withUnsafeElements { unsafe run(x, addend: UnsafePointer($0.baseAddress!)) }
  }

  private func run(_ x: borrowing Tensor, addend: UnsafePointer<Float>?) -> Tensor {
    let shape = x.shape
    precondition(shape.channels == inputs, "\(shape.channels) channels, expected \(inputs)")
    let y = unsafe Tensor(undefined: shape.with(channels: outputs))
    unsafe x.withUnsafeElements { from in
      unsafe y.withUnsafeElements { to in
        unsafe packed.runAll(
          on: compute.pool, rows: shape.batch * shape.pixels, from: from.baseAddress!, to: to.baseAddress!,
          residual: addend, residualStride: addend == nil ? nil : 0)
      }
    }
    return y
  }

  /// The tensors that a product of that name needs.
  public static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterInfo] {
    [
      ParameterInfo(name: "\(name).weight", shape: [inputs, outputs]),
      ParameterInfo(name: "\(name).bias", shape: [outputs]),
    ]
  }

  /// What it costs on a map of that shape.
  public func cost(_ name: String, on shape: Shape) -> LayerCost {
    .convolution(name, inputs: inputs, output: shape.with(channels: outputs))
  }
}

/// A 3x3 depthwise convolution with bias and clamp on the fast kernels.
///
/// Weights: `NAME.weight` `[3, 3, channels]` and `NAME.bias` `[channels]`.
public final class Depthwise: Sendable {
  public let channels: Int
  private let layer: FusedLayer

  /// Packs the weights; the stride is 1 or 2.
  ///
  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  public init(
    _ name: String, channels: Int, stride: Int = 1, dilation: Int = 1, padding: Padding, activation: Activation,
    weights: Weights, compute: Compute
  ) throws(WeightsError) {
    self.channels = channels
    let depthwise = try LayerPacker(weights: weights, kernels: compute.kernels)
      .depthwise(name, channels: channels, activation)
    layer = FusedLayer(
      FusedBlock(
        compute.kernels, source: .map(channels: channels),
        branches: [FusedBlock.Branch(depthwise: depthwise, project: nil)]),
      stride: stride, dilation: dilation, padding: padding, compute: compute)
  }

  /// The shape of the output for an input of that shape.
  public func output(of shape: Shape) -> Shape { layer.output(of: shape) }

  /// `[N, H, W, channels]` to `[N, H', W', channels]`.
  ///
  /// - Complexity: O(9 · output elements).
  public func callAsFunction(_ x: borrowing Tensor) -> Tensor { layer(x) }

  /// The tensors that a filter of that name needs.
  public static func parameters(_ name: String, channels: Int) -> [ParameterInfo] {
    [
      ParameterInfo(name: "\(name).weight", shape: [3, 3, channels]),
      ParameterInfo(name: "\(name).bias", shape: [channels]),
    ]
  }

  /// What it costs on a map of that shape.
  public func cost(_ name: String, on shape: Shape) -> LayerCost { .depthwise(name, output: output(of: shape)) }
}

/// The mean over all pixels of each picture: `[N, H, W, C]` to `[N, 1, 1, C]`.
public func globalPooling(_ x: borrowing Tensor, compute: Compute) -> Tensor {
  let shape = x.shape
  let y = unsafe Tensor(undefined: Shape(batch: shape.batch, height: 1, width: 1, channels: shape.channels))
  unsafe x.withUnsafeElements { from in
    unsafe y.withUnsafeElements { to in
      for picture in 0..<shape.batch {
        unsafe GlobalPooling.run(
          compute.kernels, on: compute.pool, pixels: shape.pixels, channels: shape.channels,
          from: from.baseAddress! + picture * shape.pixels * shape.channels,
          to: to.baseAddress! + picture * shape.channels)
      }
    }
  }
  return y
}

import Kernels
import ModelFiles

/// Makes packed layers from named weights: `NAME.weight` and `NAME.bias`.
package struct LayerPacker {
  let weights: Weights
  let kernels: KernelSet

  package init(weights: Weights, kernels: KernelSet) {
    self.weights = weights
    self.kernels = kernels
  }

  package func pointwise(
    _ name: String, inputs: Int, outputs: Int, _ activation: Activation, wholeVectors: Bool = false
  ) throws(WeightsError) -> PackedPointwise {
    try with(name, [inputs, outputs]) { weights, bias in
      PackedPointwise(
        kernels, inputs: inputs, outputs: outputs, weights: weights, bias: bias, activation: activation,
        wholeVectors: wholeVectors)
    }
  }

  /// A grouped 1x1 convolution to be a fused block's source; `inputs` and `outputs` are those of all groups.
  func grouped(_ name: String, inputs: Int, outputs: Int, groups: Int, _ activation: Activation)
    throws(WeightsError) -> PackedPointwise
  {
    try with(name, [inputs / groups, outputs]) { weights, bias in
      PackedPointwise(
        kernels, inputs: inputs / groups, outputs: outputs, weights: weights, bias: bias, activation: activation,
        wholeVectors: true, groups: groups)
    }
  }

  package func depthwise(_ name: String, channels: Int, _ activation: Activation) throws(WeightsError)
    -> PackedDepthwise
  {
    try with(name, [3, 3, channels]) { weights, bias in
      PackedDepthwise(kernels, channels: channels, weights: weights, bias: bias, activation: activation)
    }
  }

  /// A 3x3 convolution as a product over neighbourhoods, to be a fused block's source.
  package func convolution3x3(_ name: String, inputs: Int, outputs: Int, _ activation: Activation)
    throws(WeightsError) -> PackedPointwise
  {
    try with(name, [3, 3, inputs, outputs]) { weights, bias in
      PackedPointwise(
        kernels, inputs: 9 * inputs, outputs: outputs, weights: weights, bias: bias, activation: activation,
        wholeVectors: true)
    }
  }

  /// A 3x3 convolution of a map.
  package func convolution(_ name: String, inputs: Int, outputs: Int, _ activation: Activation)
    throws(WeightsError) -> PackedConvolution
  {
    try with(name, [3, 3, inputs, outputs]) { weights, bias in
      PackedConvolution(
        kernels, inputs: inputs, outputs: outputs, weights: weights, bias: bias, activation: activation)
    }
  }

  func with<Layer>(_ name: String, _ shape: [Int], _ make: (Span<Float>, Span<Float>) -> Layer)
    throws(WeightsError) -> Layer
  {
    let result = try weights.withTensor("\(name).weight", shape: shape) { weight in
      Result { () throws(WeightsError) in
        try weights.withTensor("\(name).bias", shape: [shape.last!]) { bias in make(weight, bias) }
      }
    }
    return try result.get()
  }
}

import HeadKit
import Kernels
import ModelFiles
import Tensors

/// Makes the steps of convolutions, with their parameters.
struct LayerMaker {
  let kernels: TrainingKernels
  let parameters: ParameterSet
  let weights: Weights?
  let initializer: Initializer

  /// The number of the backbone's block in a layer's name; the last convolution counts as the block behind all others.
  private static func block(of name: String) -> Int? {
    let parts = name.split(separator: ".")
    guard parts.first == "backbone", parts.count > 1 else { return nil }
    return parts[1].hasPrefix("block") ? Int(parts[1].dropFirst(5)) : Int.max
  }

  func convolution(_ c: LayerGraph.Convolution, _ input: LayerMap, _ output: LayerMap) throws(WeightsError)
    -> ConvolutionStep
  {
    let weightName = "\(c.name).weight"
    var known: (weight: [Float], bias: [Float])?
    if !c.isNormalised, let weights, weights.contains(weightName) {
      known = (
        try weights.values(weightName, shape: c.weightShape),
        try weights.values("\(c.name).bias", shape: [c.outputs])
      )
    }
    let count = c.weightShape.reduce(1, *)
    let fanIn = c.kind == .pointwise ? c.inputs : 9
    func parameter(_ name: String, _ shape: [Int], _ values: [Float], decays: Bool) -> Parameter {
      let parameter = Parameter(
        name: name, shape: shape, values: values, decays: decays,
        block: known == nil ? nil : LayerMaker.block(of: c.name))
      parameters.add(parameter)
      return parameter
    }
    let weight = parameter(
      weightName, c.weightShape, known?.weight ?? initializer.weights(weightName, count: count, fanIn: fanIn),
      decays: true)
    let zeros = [Float](repeating: 0, count: c.outputs)
    let ones = [Float](repeating: 1, count: c.outputs)
    guard c.isNormalised else {
      let bias = parameter("\(c.name).bias", [c.outputs], known?.bias ?? zeros, decays: false)
      return ConvolutionStep(kernels, c, input, output, weight: weight, bias: bias, normalisation: nil)
    }
    let normalisation = Normalisation(
      gamma: parameter("\(c.name).gamma", [c.outputs], ones, decays: false),
      beta: parameter("\(c.name).beta", [c.outputs], zeros, decays: false),
      mean: parameters.add(measured: "\(c.name).mean", zeros),
      variance: parameters.add(measured: "\(c.name).variance", ones))
    return ConvolutionStep(kernels, c, input, output, weight: weight, bias: nil, normalisation: normalisation)
  }
}

/// Batch norm of a layer.
///
/// Source: "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", section 3.
struct Normalisation {
  /// Added to the variance.
  static let epsilon = 1e-3
  /// How far the running moments follow those of a batch.
  static let momentum: Float = 0.03

  let gamma, beta: Parameter
  /// What inference uses.
  let mean, variance: FloatSlice
}

/// A convolution with its bias or batch norm, and its clamp.
final class ConvolutionStep: TrainingStep {
  private let kernels: TrainingKernels
  private let convolution: LayerGraph.Convolution
  private let input, output: LayerMap
  private let weight: Parameter
  private let bias: Parameter?
  private let normalisation: Normalisation?
  private let geometry: Geometry?
  /// The convolution before batch norm, and the batch's moments.
  private let raw: FloatSlice?
  private var mean: [Float] = []
  private var inverseDeviation: [Float] = []

  init(
    _ kernels: TrainingKernels, _ convolution: LayerGraph.Convolution, _ input: LayerMap, _ output: LayerMap,
    weight: Parameter, bias: Parameter?, normalisation: Normalisation?
  ) {
    self.kernels = kernels
    self.convolution = convolution
    self.input = input
    self.output = output
    self.weight = weight
    self.bias = bias
    self.normalisation = normalisation
    if case .depthwise(let stride, let dilation, let padding) = convolution.kind {
      geometry = Geometry(
        height: input.shape.height, width: input.shape.width, stride: stride, dilation: dilation, padding: padding)
    } else {
      geometry = nil
    }
    raw =
      normalisation == nil
      ? nil : FloatSlice(AlignedFloats(count: output.values.count, filled: false), count: output.values.count)
  }

  func forward(isTraining: Bool) {
    let channels = convolution.outputs
    run(to: raw ?? output.values, activation: raw == nil ? convolution.activation : .linear)
    guard let normalisation, let raw else { return }
    let variance: [Float]
    if isTraining {
      (mean, variance) = kernels.moments(raw, rows: output.rows, channels: channels)
      // The population's variance, estimated from this batch, as PyTorch does.
      let correction = Float(output.rows) / Float(max(output.rows - 1, 1))
      for c in 0..<channels {
        let follow = Normalisation.momentum
        normalisation.mean[c] += follow * (mean[c] - normalisation.mean[c])
        normalisation.variance[c] += follow * (variance[c] * correction - normalisation.variance[c])
      }
    } else {
      (mean, variance) = (normalisation.mean.values, normalisation.variance.values)
    }
    inverseDeviation = variance.map { 1 / ($0 + Float(Normalisation.epsilon)).squareRoot() }
    var scale = inverseDeviation
    var shift = mean
    for c in 0..<channels {
      scale[c] *= normalisation.gamma.value[c]
      shift[c] = normalisation.beta.value[c] - mean[c] * scale[c]
    }
    kernels.scale(
      raw, rows: output.rows, channels: channels, by: scale, plus: shift, activation: convolution.activation,
      to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    let channels = convolution.outputs
    kernels.mask(dy, by: output.values, convolution.activation)
    if let normalisation, let raw {
      let gradients = kernels.normalisationGradient(
        dy, raw, rows: output.rows, channels: channels, mean: mean, inverseDeviation: inverseDeviation,
        gamma: normalisation.gamma.value)
      normalisation.gamma.gradient.set(gradients.gamma)
      normalisation.beta.gradient.set(gradients.beta)
    } else if let bias {
      kernels.columnSums(dy, rows: output.rows, columns: channels, to: bias.gradient)
    }
    guard let geometry else {
      kernels.productWeightGradient(
        input.values, dy, rows: input.rows, inputs: convolution.inputs, outputs: channels, to: weight.gradient)
      input.contribute { gradient, isAdding in
        kernels.productInputGradient(
          dy, rows: input.rows, weights: weight.value, inputs: convolution.inputs, outputs: channels, to: gradient,
          adding: isAdding)
      }
      return
    }
    let pictures = input.shape.batch
    kernels.depthwiseWeightGradient(
      input.values, dy, geometry, pictures: pictures, channels: channels, to: weight.gradient)
    input.contribute { gradient, isAdding in
      let target =
        isAdding ? FloatSlice(AlignedFloats(count: gradient.count, filled: false), count: gradient.count) : gradient
      kernels.depthwiseInputGradient(
        dy, geometry, pictures: pictures, channels: channels, weights: weight.value, to: target)
      if isAdding { kernels.accumulate(target, to: gradient, adding: true) }
    }
  }

  private func run(to y: FloatSlice, activation: Activation) {
    if let geometry {
      kernels.depthwise(
        input.values, geometry, pictures: input.shape.batch, channels: convolution.outputs, weights: weight.value,
        bias: bias?.value, activation: activation, to: y)
    } else {
      kernels.product(
        input.values, rows: input.rows, weights: weight.value, bias: bias?.value, inputs: convolution.inputs,
        outputs: convolution.outputs, activation: activation, to: y)
    }
  }
}

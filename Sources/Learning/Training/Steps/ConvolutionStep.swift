import Graphs
import Kernels
import Tensors

/// Batch norm of a layer.
///
/// Source: "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", section 3.
struct Normalisation {
  /// Added to the variance.
  static let epsilon = 1e-3
  /// The share of a batch's moments in the running moments.
  static let momentum: Float = 0.03

  let gamma, beta: Parameter
  /// The running moments, used in inference.
  let mean, variance: FloatSlice
}

/// A convolution with its bias or batch norm, and its activation bounds.
final class ConvolutionStep: TrainingStep {
  private let kernels: TrainingKernels
  private let convolution: Graph.Convolution
  private let input, output: LayerMap
  private let weight: Parameter
  private let bias: Parameter?
  private let normalisation: Normalisation?
  private let geometry: Geometry
  private let patches: PatchConvolution
  /// The convolution before batch norm, and the batch's moments.
  private let raw: FloatSlice?
  private var mean: [Float] = []
  private var inverseDeviation: [Float] = []

  init(
    _ kernels: TrainingKernels, _ convolution: Graph.Convolution, _ input: LayerMap, _ output: LayerMap,
    weight: Parameter, bias: Parameter?, normalisation: Normalisation?
  ) {
    self.kernels = kernels
    self.convolution = convolution
    self.input = input
    self.output = output
    self.weight = weight
    self.bias = bias
    self.normalisation = normalisation
    geometry = convolution.window.geometry(height: input.shape.height, width: input.shape.width)
    patches = PatchConvolution(
      kernels, geometry, pictures: input.shape.batch, inputs: convolution.inputs, outputs: convolution.outputs,
      groups: convolution.groups)
    raw =
      normalisation == nil
      ? nil : FloatSlice(AlignedMemory(floats: output.values.count, filled: false), count: output.values.count)
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
    guard convolution.isDepthwise else {
      patches.weightGradient(input.values, dy, to: weight.gradient)
      input.contribute { gradient, isAdding in
        patches.inputGradient(dy, weights: weight.value, to: gradient, adding: isAdding)
      }
      return
    }
    let pictures = input.shape.batch
    kernels.depthwiseWeightGradient(
      input.values, dy, geometry, pictures: pictures, channels: channels, to: weight.gradient)
    input.contribute { gradient, isAdding in
      let target =
        isAdding ? FloatSlice(AlignedMemory(floats: gradient.count, filled: false), count: gradient.count) : gradient
      kernels.depthwiseInputGradient(
        dy, geometry, pictures: pictures, channels: channels, weights: weight.value, to: target)
      if isAdding { kernels.accumulate(target, to: gradient, adding: true) }
    }
  }

  private func run(to y: FloatSlice, activation: Activation) {
    if convolution.isDepthwise {
      kernels.depthwise(
        input.values, geometry, pictures: input.shape.batch, channels: convolution.outputs, weights: weight.value,
        bias: bias?.value, activation: activation, to: y)
    } else {
      patches.run(input.values, weights: weight.value, bias: bias?.value, activation: activation, to: y)
    }
  }
}

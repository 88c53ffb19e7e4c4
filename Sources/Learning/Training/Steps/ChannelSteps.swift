import Kernels
import Tensors

/// A channel scale: a map times one pixel.
final class ScaleStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, factors, output: LayerMap

  init(_ kernels: TrainingKernels, _ input: LayerMap, by factors: LayerMap, _ output: LayerMap) {
    precondition(factors.shape.pixels == 1, "factors \(factors.shape)")
    self.kernels = kernels
    self.input = input
    self.factors = factors
    self.output = output
  }

  func forward(isTraining: Bool) {
    let shape = input.shape
    kernels.scale(
      input.values, by: factors.values, pictures: shape.batch, pixels: shape.pixels, channels: shape.channels,
      to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    let shape = input.shape
    input.contribute { gradient, isAdding in
      kernels.scaleInputGradient(
        dy, by: factors.values, pictures: shape.batch, pixels: shape.pixels, channels: shape.channels, to: gradient,
        adding: isAdding)
    }
    factors.contribute { gradient, isAdding in
      let sums = isAdding ? FloatSlice(zeros: gradient.count) : gradient
      kernels.scaleFactorGradient(
        dy, input.values, pictures: shape.batch, pixels: shape.pixels, channels: shape.channels, to: sums)
      if isAdding { kernels.accumulate(sums, to: gradient, adding: true) }
    }
  }
}

/// A channel shuffle.
final class ShuffleStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, output: LayerMap
  private let groups: Int

  init(_ kernels: TrainingKernels, _ input: LayerMap, _ output: LayerMap, groups: Int) {
    self.kernels = kernels
    self.input = input
    self.output = output
    self.groups = groups
  }

  func forward(isTraining: Bool) {
    kernels.shuffle(
      input.values, pixels: input.rows, channels: input.shape.channels, groups: groups, to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    let channels = input.shape.channels
    input.contribute { gradient, isAdding in
      let own = isAdding ? FloatSlice(zeros: gradient.count) : gradient
      kernels.shuffle(dy, pixels: input.rows, channels: channels, groups: channels / groups, to: own)
      if isAdding { kernels.accumulate(own, to: gradient, adding: true) }
    }
  }
}

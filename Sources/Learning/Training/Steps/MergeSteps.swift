import Graphs
import Kernels
import Tensors

/// The sum of two maps, or of a map and one pixel, and its activation bounds.
final class AddStep: TrainingStep {
  private let kernels: TrainingKernels
  private let a, b, output: LayerMap
  private let activation: Activation
  private let isOnePixel: Bool

  init(_ kernels: TrainingKernels, _ a: LayerMap, _ b: LayerMap, _ output: LayerMap, _ activation: Activation) {
    isOnePixel = b.shape != a.shape
    precondition(!isOnePixel || b.shape.pixels == 1, "a sum of maps \(a.shape) and \(b.shape)")
    self.kernels = kernels
    self.a = a
    self.b = b
    self.output = output
    self.activation = activation
  }

  func forward(isTraining: Bool) {
    kernels.add(
      a.values, b.values, pictures: a.shape.batch, pixels: a.shape.pixels, channels: a.shape.channels,
      activation: activation, to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    kernels.mask(dy, by: output.values, activation)
    a.contribute { gradient, isAdding in kernels.accumulate(dy, to: gradient, adding: isAdding) }
    b.contribute { gradient, isAdding in
      guard isOnePixel else { return kernels.accumulate(dy, to: gradient, adding: isAdding) }
      let sums = FloatSlice(zeros: gradient.count)
      kernels.pool(
        dy, pictures: a.shape.batch, pixels: a.shape.pixels, channels: a.shape.channels, scale: 1, to: sums)
      kernels.accumulate(sums, to: gradient, adding: isAdding)
    }
  }
}

/// The concatenation of maps by channels; one pixel is repeated.
final class ConcatenateStep: TrainingStep {
  private let kernels: TrainingKernels
  private let inputs: [LayerMap]
  private let output: LayerMap

  init(_ kernels: TrainingKernels, _ inputs: [LayerMap], _ output: LayerMap) {
    self.kernels = kernels
    self.inputs = inputs
    self.output = output
  }

  func forward(isTraining: Bool) {
    var first = 0
    for input in inputs {
      kernels.copyChannels(
        input.values, channels: input.shape.channels, first: 0, each: output.shape.pixels / input.shape.pixels,
        to: output.values, channels: output.shape.channels, first: first, count: input.shape.channels,
        pixels: output.rows)
      first += input.shape.channels
    }
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    var first = 0
    for input in inputs {
      let channels = input.shape.channels
      input.contribute { gradient, isAdding in
        let count = output.rows * channels
        let own = FloatSlice(AlignedMemory(floats: count, filled: false), count: count)
        kernels.copyChannels(
          dy, channels: output.shape.channels, first: first, to: own, channels: channels, first: 0, count: channels,
          pixels: output.rows)
        guard input.shape.pixels != output.shape.pixels else {
          return kernels.accumulate(own, to: gradient, adding: isAdding)
        }
        let sums = FloatSlice(zeros: gradient.count)
        kernels.pool(
          own, pictures: output.shape.batch, pixels: output.shape.pixels, channels: channels, scale: 1, to: sums)
        kernels.accumulate(sums, to: gradient, adding: isAdding)
      }
      first += channels
    }
  }
}

/// Global average pooling.
final class PoolingStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, output: LayerMap

  init(_ kernels: TrainingKernels, _ input: LayerMap, _ output: LayerMap) {
    self.kernels = kernels
    self.input = input
    self.output = output
  }

  private var scale: Float { 1 / Float(input.shape.pixels) }

  func forward(isTraining: Bool) {
    kernels.pool(
      input.values, pictures: input.shape.batch, pixels: input.shape.pixels, channels: input.shape.channels,
      scale: scale, to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    input.contribute { gradient, isAdding in
      kernels.spread(
        dy, pictures: input.shape.batch, pixels: input.shape.pixels, channels: input.shape.channels, scale: scale,
        to: gradient, adding: isAdding)
    }
  }
}

/// Bilinear resizing.
final class ResizeStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, output: LayerMap
  private let rows, columns: LinearTaps

  init(_ kernels: TrainingKernels, _ input: LayerMap, _ output: LayerMap, _ grid: SamplingGrid) {
    self.kernels = kernels
    self.input = input
    self.output = output
    rows = LinearTaps(grid, input: input.shape.height, output: output.shape.height)
    columns = LinearTaps(grid, input: input.shape.width, output: output.shape.width)
  }

  func forward(isTraining: Bool) {
    kernels.enlarge(
      input.values, rows: rows, columns: columns, pictures: input.shape.batch, channels: input.shape.channels,
      to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    input.contribute { gradient, isAdding in
      kernels.reduce(
        dy, rows: rows, columns: columns, pictures: input.shape.batch, channels: input.shape.channels, to: gradient,
        adding: isAdding)
    }
  }
}

import Graphs
import Kernels
import Tensors

/// Max or average pooling over windows.
final class WindowPoolingStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, output: LayerMap
  private let geometry: Geometry
  private let isMaximum: Bool

  init(_ kernels: TrainingKernels, _ input: LayerMap, _ output: LayerMap, _ pooling: Graph.Pooling) {
    self.kernels = kernels
    self.input = input
    self.output = output
    let window: Graph.Window
    switch pooling {
    case .maximum(let own): (window, isMaximum) = (own, true)
    case .average(let own): (window, isMaximum) = (own, false)
    }
    geometry = window.geometry(height: input.shape.height, width: input.shape.width)
  }

  func forward(isTraining: Bool) {
    kernels.windowPool(
      input.values, geometry, pictures: input.shape.batch, channels: input.shape.channels, isMaximum: isMaximum,
      to: output.values)
  }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    let (pictures, channels) = (input.shape.batch, input.shape.channels)
    input.contribute { gradient, isAdding in
      guard isMaximum else {
        return kernels.averagePoolGradient(
          dy, geometry, pictures: pictures, channels: channels, to: gradient, adding: isAdding)
      }
      kernels.maximumPoolGradient(
        dy, input.values, output.values, geometry, pictures: pictures, channels: channels, to: gradient,
        adding: isAdding)
    }
  }
}

import Kernels
import Tensors

/// An activation by itself.
final class ActivationStep: TrainingStep {
  private let kernels: TrainingKernels
  private let input, output: LayerMap
  private let activation: Activation

  init(_ kernels: TrainingKernels, _ input: LayerMap, _ output: LayerMap, _ activation: Activation) {
    self.kernels = kernels
    self.input = input
    self.output = output
    self.activation = activation
  }

  func forward(isTraining: Bool) { kernels.activate(input.values, activation, to: output.values) }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    kernels.activationGradient(dy, activation, x: input.values, y: output.values)
    input.contribute { gradient, isAdding in kernels.accumulate(dy, to: gradient, adding: isAdding) }
  }
}

/// A linear step and an activation other than bounds behind it.
///
/// The linear values are kept for the activation's slope.
final class ActivatedStep: TrainingStep {
  private let linear: any TrainingStep
  private let map: LayerMap
  private let activation: ActivationStep

  /// - Parameters:
  ///   - map: the output of the linear step.
  ///   - linear: creates that step.
  init<E: Error>(
    _ kernels: TrainingKernels, _ activation: Activation, _ output: LayerMap,
    behind linear: (_ map: LayerMap) throws(E) -> any TrainingStep
  ) throws(E) {
    map = LayerMap(output.shape, needsGradient: output.gradient != nil)
    self.linear = try linear(map)
    self.activation = ActivationStep(kernels, map, output, activation)
  }

  func forward(isTraining: Bool) {
    linear.forward(isTraining: isTraining)
    activation.forward(isTraining: isTraining)
  }

  func backward() {
    map.hasGradient = false
    activation.backward()
    linear.backward()
  }
}

import Graphs
import Kernels
import Datasets

/// The estimated time of a run on this machine, at its present load.
package struct RunEstimate: Sendable {
  /// Seconds for the frozen backbone's maps of all samples.
  package let features: Double
  /// Seconds for all steps.
  package let steps: Double
}

/// The time that something takes.
private func seconds(_ body: () -> Void) -> Double {
  let time = ContinuousClock().measure(body).components
  return Double(time.seconds) + Double(time.attoseconds) / 1e18
}

extension TrainingTask {
  /// Extrapolates from the time of one sample and one step.
  ///
  /// - Returns: `nil` where the first image can't be read; the run itself reports that.
  /// - Complexity: one variant of an image, two forward and backward passes. The network's parameters are unchanged.
  package func estimate(_ samples: TrainingSamples, _ network: TrainableNetwork, steps: Int) -> RunEstimate? {
    guard samples.trainingCount > 0 else { return nil }
    // The first variant is the image itself, later ones are augmented.
    let variant = min(samples.variants - 1, 1)
    var make: ((Int) throws(DatasetError) -> LabelledImage)?
    let reading = seconds { make = try? samples.open(0) }
    var isMade = false
    let each = seconds {
      guard let sample = try? make?(variant) else { return }
      extraction.run(sample.image)
      _ = truth(of: sample)
      isMade = true
    }
    guard isMade else { return nil }
    let features = (reading + each * Double(samples.variants)) * Double(samples.pictures)
    return RunEstimate(
      features: features / Double(network.kernels.session.pool.threads), steps: network.secondsPerStep * Double(steps))
  }
}

extension TrainableNetwork {
  /// The time of a forward and backward pass over zeros.
  fileprivate var secondsPerStep: Double {
    for tap in graph.inputTaps { input(tap).clear() }
    let measured = parameters.measured.map { $0.values.values }
    func pass() {
      forward(isTraining: true)
      for index in graph.outputs.indices { answerGradient(index).clear() }
      backward()
    }
    let time = kernels.session.pool.awake {
      // The first pass is a warm-up that touches the memory.
      pass()
      return seconds { pass() }
    }
    for (one, values) in zip(parameters.measured, measured) { one.values.set(values) }
    return time
  }
}

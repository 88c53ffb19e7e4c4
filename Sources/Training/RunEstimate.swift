import Datasets
import HeadKit

/// The time that a run is likely to take on this machine, as it is loaded now.
package struct RunEstimate: Sendable {
  /// Seconds for the frozen backbone's maps of all samples.
  package let features: Double
  /// Seconds for all steps.
  package let steps: Double
}

extension Lesson {
  /// Measures a sample and a step, and multiplies.
  ///
  /// - Returns: `nil` where the first image cannot be read, which the run itself will report.
  /// - Complexity: one image in two variants, one pass forward and back; the network's parameters are left as they were.
  package func estimate(_ samples: LessonSamples, _ network: TrainableNetwork, steps: Int) -> RunEstimate? {
    guard samples.trainingCount > 0 else { return nil }
    let clock = ContinuousClock()
    func seconds(_ body: () throws -> Void) -> Double? {
      let start = clock.now
      guard (try? body()) != nil else { return nil }
      let (whole, parts) = (clock.now - start).components
      return Double(whole) + Double(parts) / 1e18
    }
    let extraction = extraction
    guard let make = try? samples.open(0) else { return nil }
    let reading = seconds { _ = try samples.open(0) } ?? 0
    // Later variants are those that are drawn.
    let variant = min(samples.variants - 1, 1)
    guard let each = seconds({ extraction.run(try make(variant).image) }) else { return nil }
    let features = (reading + each * Double(samples.variants)) * Double(samples.pictures)
    return RunEstimate(
      features: features / Double(network.kernels.compute.pool.threads), steps: network.secondsPerStep * Double(steps))
  }
}

extension TrainableNetwork {
  /// The time of a pass forward and back over zeros.
  fileprivate var secondsPerStep: Double {
    for tap in graph.taps { input(tap).clear() }
    let measured = parameters.measured.map { $0.values.values }
    func pass() {
      forward(isTraining: true)
      for index in graph.answers.indices { answerGradient(index).clear() }
      backward()
    }
    let seconds = kernels.compute.pool.awake {
      // The first pass touches the memory.
      pass()
      let clock = ContinuousClock()
      let time = clock.measure { pass() }.components
      return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }
    for (one, values) in zip(parameters.measured, measured) { one.values.set(values) }
    return seconds
  }
}

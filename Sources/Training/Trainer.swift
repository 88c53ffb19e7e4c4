import Files
import HeadKit
import Kernels
import ModelFiles
import Tensors

/// What is to be learned: the loss of a batch's answers, and a figure that people can judge.
package protocol Objective: AnyObject {
  /// The metric's name, for example "mean IoU".
  var metricName: String { get }

  /// The loss of the answers, and its gradient with respect to them.
  ///
  /// - Parameter truth: the batch's truths, one after the other.
  func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double

  /// Forgets the answers counted so far.
  func beginMetric()
  /// Counts the answers of the first `count` pictures of a batch.
  func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int)
  /// The metric of the answers counted; greater is better.
  var metric: Double { get }
}

/// How long, in what pieces and how fast a network learns.
public struct Schedule: Codable, Hashable, Sendable {
  /// Passes over all samples.
  public var epochs: Int
  /// Pictures of a step.
  public var batch: Int
  public var seed: UInt64
  public var optimiser: Optimiser
  /// How much of the weights' average a step leaves; 0 keeps no average.
  ///
  /// The average is what is measured and becomes the model, else the last weights are.
  public var averaging: Float

  public init(epochs: Int, batch: Int, seed: UInt64 = 1, optimiser: Optimiser, averaging: Float = 0) {
    self.averaging = averaging
    self.epochs = epochs
    self.batch = batch
    self.seed = seed
    self.optimiser = optimiser
  }
}

/// Lets a network learn from a cache of features.
package final class Trainer {
  package let network: TrainableNetwork
  private let objective: any Objective
  private let cache: FeatureCache
  private let training, validation: [Int]
  private let schedule: Schedule
  private let settings: [String: String]
  private let checkpoint: String?
  private var progress = TrainingState.Progress()

  /// - Parameters:
  ///   - training: the samples to learn from, at least a batch.
  ///   - validation: those that the metric is measured on.
  ///   - settings: what tells this run from others; a checkpoint of other settings is refused.
  ///   - checkpoint: the file that keeps the state.
  package init(
    _ network: TrainableNetwork, _ objective: any Objective, cache: FeatureCache, training: [Int], validation: [Int],
    schedule: Schedule, settings: [String: String], checkpoint: String?
  ) throws(TrainingError) {
    guard training.count >= schedule.batch else {
      throw .noPictures(
        reason:
          "\(training.count) samples to learn from, fewer than a batch of \(schedule.batch); add pictures or ask for a smaller --batch"
      )
    }
    self.network = network
    self.objective = objective
    self.cache = cache
    self.training = training
    self.validation = validation
    self.schedule = schedule
    self.settings = settings
    self.checkpoint = checkpoint
    if schedule.averaging > 0 { network.parameters.keepAverages() }
  }

  package var stepsPerEpoch: Int { training.count / schedule.batch }
  package var totalSteps: Int { stepsPerEpoch * schedule.epochs }
  /// Steps done.
  package var step: Int { progress.step }
  package var records: [TrainingRecord] { progress.records }

  /// Goes on where the checkpoint was written.
  package func resume() throws(TrainingError) {
    guard let checkpoint else { return }
    progress = try TrainingState.load(checkpoint, into: network.parameters, settings: settings)
  }

  /// Writes the checkpoint.
  package func save() throws(TrainingError) {
    guard let checkpoint else { return }
    try TrainingState.save(network.parameters, progress, settings: settings, to: checkpoint)
  }

  /// One step, and at the end of an epoch the metric.
  ///
  /// - Returns: the step's loss.
  /// - Throws: `TrainingError.diverged`.
  package func advance() throws(TrainingError) -> Double {
    let step = progress.step
    let epoch = step / stepsPerEpoch
    let place = step % stepsPerEpoch
    // Each epoch has an order of its own, which follows from the seed.
    var random = SeededRandom(schedule.seed ^ (UInt64(epoch) &+ 1) &* 0xD1B5_4A32_D192_ED03)
    let order = random.permutation(training.count)
    let samples = (0..<schedule.batch).map { training[order[place * schedule.batch + $0]] }
    let loss = network.kernels.compute.pool.awake {
      let truth = cache.read(samples, into: network)
      network.forward(isTraining: true)
      let loss = objective.loss(network, truth: truth)
      network.backward()
      schedule.optimiser.apply(to: network.parameters, step: step, of: totalSteps, on: network.kernels)
      if schedule.averaging > 0 {
        network.parameters.followAverages(decay: schedule.averaging, step: step, on: network.kernels)
      }
      return loss
    }
    guard loss.isFinite else { throw .diverged(step: step) }
    progress.step += 1
    progress.lossSum += loss
    progress.lossCount += 1
    let endsEpoch = progress.step % stepsPerEpoch == 0
    if endsEpoch || progress.lossCount == 50 {
      progress.records.append(
        TrainingRecord(
          step: progress.step, epoch: epoch + 1, loss: progress.lossSum / Double(progress.lossCount),
          rate: schedule.optimiser.rate(atStep: step, of: totalSteps), metric: endsEpoch ? validate() : nil))
      (progress.lossSum, progress.lossCount) = (0, 0)
    }
    return loss
  }

  /// The metric on the pictures kept apart, as inference would answer; `nil` where there are none.
  package func validate() -> Double? {
    guard !validation.isEmpty else { return nil }
    return network.parameters.withAverages {
      objective.beginMetric()
      for begin in stride(from: 0, to: validation.count, by: schedule.batch) {
        let count = min(schedule.batch, validation.count - begin)
        // The last batch is filled up with a picture that is not counted.
        let samples = (0..<schedule.batch).map { validation[begin + min($0, count - 1)] }
        network.kernels.compute.pool.awake {
          let truth = cache.read(samples, into: network)
          network.forward(isTraining: false)
          objective.count(network, truth: truth, first: count)
        }
      }
      return objective.metric
    }
  }
}

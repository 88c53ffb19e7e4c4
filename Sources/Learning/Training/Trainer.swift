import Files
import Kernels
import ModelFiles
import Tensors

/// The objective of a training task: the loss of a batch's outputs, and a metric.
package protocol Objective: AnyObject {
  /// The metric's name, for example "mean IoU".
  var metricName: String { get }

  /// The loss of the outputs. Its gradient with respect to them is written to the network.
  ///
  /// - Parameter truth: the batch's ground truths, one after the other.
  func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double

  /// Resets the metric.
  func beginMetric()
  /// Adds the outputs of the first `count` pictures of a batch to the metric.
  func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int)
  /// The metric of the outputs counted; greater is better.
  var metric: Double { get }
}

/// The schedule of a training run: its length, batch size and learning rate.
public struct Schedule: Codable, Hashable, Sendable {
  /// Passes over all samples.
  public var epochs: Int
  /// Pictures of a step.
  public var batch: Int
  /// The seed of the initial weights and of the order of samples.
  public var seed: UInt64
  /// The update rule and its learning rate.
  public var optimiser: Optimiser
  /// The decay of the weights' exponential moving average in a step, in [0, 1); 0 keeps no average.
  ///
  /// The metric and the final model use the average where it is kept, and otherwise the weights.
  public var averaging: Float
  /// The patience of early stopping: epochs without a better metric after which the run ends; 0 for never.
  public var patience: Int

  /// Creates a schedule, by default without a weight average and early stopping.
  public init(
    epochs: Int, batch: Int, seed: UInt64 = 1, optimiser: Optimiser, averaging: Float = 0, patience: Int = 0
  ) {
    self.averaging = averaging
    self.patience = patience
    self.epochs = epochs
    self.batch = batch
    self.seed = seed
    self.optimiser = optimiser
  }
}

/// The training loop on a feature cache.
///
/// It keeps the weights of the epoch with the best metric.
///
/// A run that collapses is reset to them and goes on at half the rate.
package final class Trainer {
  /// Steps averaged in one record of the log.
  private static let stepsPerRecord = 50
  /// Resets after which a run is given up.
  private static let setBackLimit = 3

  package let network: TrainableNetwork
  private let objective: any Objective
  private let cache: FeatureCache
  private let training, validation: [Int]
  private let schedule: Schedule
  private let settings: [String: String]
  private let checkpoint: String?
  private var progress = TrainingState.Progress()

  /// - Parameters:
  ///   - training: the training samples, at least a batch.
  ///   - validation: the samples of the metric.
  ///   - settings: the settings that identify this run; a checkpoint of other settings is refused.
  ///   - checkpoint: the file of the run's state.
  package init(
    _ network: TrainableNetwork, _ objective: any Objective, cache: FeatureCache, training: [Int], validation: [Int],
    schedule: Schedule, settings: [String: String], checkpoint: String?
  ) throws(TrainingError) {
    guard training.count >= schedule.batch else {
      throw .tooFewSamples(training.count, batch: schedule.batch)
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
    network.parameters.keepBestValues()
  }

  package var stepsPerEpoch: Int { training.count / schedule.batch }
  package var totalSteps: Int { stepsPerEpoch * schedule.epochs }
  /// Steps done.
  package var step: Int { progress.step }
  package var records: [TrainingRecord] { progress.records }
  /// Collapses so far.
  package var setBacks: [SetBack] { progress.setBacks }
  /// The epoch of the final model's weights, 0 before the first has ended, and its metric where there is one.
  package var best: (epoch: Int, metric: Double?) { (progress.bestEpoch, progress.bestMetric) }
  /// Whether all steps are done.
  package var isFinished: Bool { progress.hasEnded || progress.step >= totalSteps }

  /// Resumes the run from the checkpoint.
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
  /// - Throws: `TrainingError.diverged` after too many collapses, where no epoch has improved on the beginning.
  package func advance() throws(TrainingError) -> Double {
    precondition(!isFinished, "step \(progress.step) of \(totalSteps)")
    let step = progress.step
    let epoch = step / stepsPerEpoch
    let place = step % stepsPerEpoch
    // Each epoch has its own order of samples, derived from the seed.
    var random = SeededRandom(schedule.seed ^ (UInt64(epoch) &+ 1) &* 0xD1B5_4A32_D192_ED03)
    let order = random.permutation(training.count)
    let samples = (0..<schedule.batch).map { training[order[place * schedule.batch + $0]] }
    let origin = progress.setBacks.last?.step ?? 0
    let share = progress.setBacks.reduce(Float(1)) { share, _ in share / 2 }
    let loss = network.kernels.session.pool.awake {
      let truth = cache.read(samples, into: network)
      network.forward(isTraining: true)
      let loss = objective.loss(network, truth: truth)
      network.backward()
      schedule.optimiser.apply(
        to: network.parameters, step: step, of: totalSteps, since: origin, share: share, on: network.kernels)
      if schedule.averaging > 0 {
        network.parameters.followAverages(decay: schedule.averaging, step: step - origin, on: network.kernels)
      }
      return loss
    }
    progress.step += 1
    guard loss.isFinite else {
      try setBack(.notFinite)
      return loss
    }
    progress.lossSum += loss
    progress.lossCount += 1
    let endsEpoch = progress.step % stepsPerEpoch == 0
    if endsEpoch || progress.lossCount == Trainer.stepsPerRecord {
      try record(endsEpoch: endsEpoch, rate: schedule.optimiser.rate(atStep: step, of: totalSteps) * share)
    }
    return loss
  }

  /// Logs the steps since the last record, and reacts to a collapse or to the end of an epoch.
  private func record(endsEpoch: Bool, rate: Float) throws(TrainingError) {
    let epoch = (progress.step - 1) / stepsPerEpoch + 1
    let (loss, count) = (progress.lossSum / Double(progress.lossCount), progress.lossCount)
    (progress.lossSum, progress.lossCount) = (0, 0)
    let collapse = collapse(loss: loss, of: count)
    let metric = endsEpoch && collapse == nil ? network.parameters.withAverages { measure() } : nil
    progress.records.append(
      TrainingRecord(step: progress.step, epoch: epoch, loss: loss, rate: rate, metric: metric))
    if let collapse { return try setBack(collapse) }
    progress.firstLoss = progress.firstLoss ?? loss
    progress.lowestLoss = min(progress.lowestLoss ?? loss, loss)
    guard endsEpoch else { return }
    // Without validation pictures the last epoch counts as the best.
    if let metric, let best = progress.bestMetric, metric <= best {
      if schedule.patience > 0, epoch - progress.bestEpoch >= schedule.patience { progress.hasEnded = true }
    } else {
      network.parameters.keepBest()
      (progress.bestMetric, progress.bestEpoch) = (metric, epoch)
    }
  }

  /// The reason of a collapse of the weights; `nil` where they have not collapsed.
  ///
  /// Blocks without batch norm collapse when their rate is too high: their activations saturate, no gradient passes,
  /// and the loss stays at that of outputs that are the same for every picture.
  private func collapse(loss: Double, of count: Int) -> SetBack.Reason? {
    // The mean of a few steps is noise, and a loss far below the first one may double without a collapse.
    guard count >= min(Trainer.stepsPerRecord, stepsPerEpoch), let first = progress.firstLoss,
      let lowest = progress.lowestLoss,
      loss > 0.3 * first
    else { return nil }
    if loss > max(1.3 * lowest, 0.4 * first) { return .lossRose(to: loss, from: lowest) }
    return network.hasConstantAnswers ? .constantOutputs : nil
  }

  /// Resets the weights to the best ones.
  ///
  /// - Throws: `TrainingError.diverged` after too many resets, where the best weights are still those of the beginning.
  private func setBack(_ reason: SetBack.Reason) throws(TrainingError) {
    (progress.lossSum, progress.lossCount) = (0, 0)
    // The losses before the reset don't bound those behind it.
    (progress.firstLoss, progress.lowestLoss) = (nil, nil)
    guard progress.setBacks.count < Trainer.setBackLimit else {
      guard progress.bestEpoch > 0 else { throw .diverged(step: progress.step) }
      progress.hasEnded = true
      return
    }
    progress.setBacks.append(SetBack(step: progress.step, reason: reason, epoch: progress.bestEpoch))
    network.parameters.returnToBest()
  }

  /// The metric of the trained model on the validation pictures; `nil` where there are none.
  package func validate() -> Double? { network.parameters.withBest { measure() } }

  /// The metric of the present weights in inference mode.
  private func measure() -> Double? {
    guard !validation.isEmpty else { return nil }
    objective.beginMetric()
    for begin in stride(from: 0, to: validation.count, by: schedule.batch) {
      let count = min(schedule.batch, validation.count - begin)
      // The last batch is padded with a picture that is not counted.
      let samples = (0..<schedule.batch).map { validation[begin + min($0, count - 1)] }
      network.kernels.session.pool.awake {
        let truth = cache.read(samples, into: network)
        network.forward(isTraining: false)
        objective.count(network, truth: truth, first: count)
      }
    }
    return objective.metric
  }
}

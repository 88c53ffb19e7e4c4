import Datasets
import Graphs
import ModelFiles

extension SegmentationTraining {
  /// What a head has learned.
  public struct Result {
    /// The tensors that the graph names, batch norm folded: what `Network` takes.
    public let weights: Weights
    /// The whole model: the backbone, the head, and a card that has its layers.
    ///
    /// `ModelFile.write` makes a file of it that
    /// `segment --model` and `Segmenter` run.
    public let model: ModelFile
    public let records: [TrainingRecord]
  }

  /// Learns from pictures with masks: computes the frozen maps into a file, then follows the schedule.
  ///
  /// `backbone train segment` does the same with checkpoints, a log and a curve; this is for heads of one's own.
  /// - Parameters:
  ///   - name: of the model.
  ///   - samples: to learn from and kept apart; masks have the task's classes as numbers.
  ///   - cache: a file for the maps, which may be large and is left there; one that was made from the same things is used
  ///     again.
  ///   - cacheLimit: bytes that it may have.
  ///   - classWeights: how much a pixel of each class counts; all the same where it is `nil`.
  ///   - dice: how much the soft Dice loss of the classes behind the first counts beside the cross-entropy.
  ///   - teacherWeight: how much the teacher's probabilities count where there is one, in [0, 1]; the masks have the rest.
  ///   - progress: told after each step of how many; false ends the run there.
  /// - Returns: the same bits for the same samples and schedule, whatever the threads.
  /// - Throws: `TrainingError`, `DatasetError` for a picture that cannot be read, or `BackboneError`.
  public func train(
    _ name: String = "mine", from samples: TrainingSamples, schedule: Schedule, cache path: String,
    cacheLimit: Int = 16 << 30,
    classWeights: [Float]? = nil, dice: Float = 1, teacherWeight: Float = 0.5,
    progress: (_ step: Int, _ of: Int, _ loss: Double) -> Bool = { _, _, _ in true }
  ) throws -> Result {
    let key = featuresKey(samples)
    let layout = layout(samples: samples.count)
    let cache: FeatureCache
    if let known = FeatureCache(path: path, key: key, layout: layout) {
      cache = known
    } else {
      let writer = try FeatureCache.Writer(path: path, key: key, layout: layout, limit: cacheLimit)
      var fault: DatasetError?
      try fill(writer, samples) { _, found in fault = fault ?? found?.error }
      if let fault { throw fault }
      cache = try writer.finish()
    }
    let weights = classWeights ?? [Float](repeating: 1, count: classes.count)
    let trainer = try Trainer(
      network(batch: schedule.batch, seed: schedule.seed),
      objective(classWeights: weights, dice: dice, teacherWeight: teacherWeight), cache: cache,
      training: cache.usable.filter { $0 < samples.trainingCount },
      validation: cache.usable.filter { $0 >= samples.trainingCount }, schedule: schedule, settings: [:],
      checkpoint: nil)
    while !trainer.isFinished {
      let loss = try trainer.advance()
      if !progress(trainer.step, trainer.totalSteps, loss) { break }
    }
    let (card, tensors) = model(
      trainer.network, name: name, provenance: provenance(pictures: samples.trainingCount / max(samples.variants, 1)))
    return Result(
      weights: Weights(source: "a head that was trained", tensors: trainer.network.folded()),
      model: ModelFile(path: name, card: card, weights: tensors), records: trainer.records)
  }
}

import Datasets

extension SegmentationTraining {
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
  ) throws -> TrainingResult {
    let weights = classWeights ?? [Float](repeating: 1, count: classes.count)
    let trainer = try learn(
      from: samples, objective(classWeights: weights, dice: dice, teacherWeight: teacherWeight), schedule: schedule,
      cache: path, cacheLimit: cacheLimit, progress: progress)
    return TrainingResult(
      trainer, model(trainer.network, name: name, provenance: provenance(of: samples)), name: name)
  }
}

import Datasets

extension SegmentationTraining {
  /// Trains on pictures with masks: computes the feature cache, then runs the schedule.
  ///
  /// `backbone train segment` does the same with checkpoints, a log and a curve; this method is for custom heads.
  /// - Parameters:
  ///   - name: the model's name.
  ///   - samples: the training and validation samples; masks contain the task's class indices.
  ///   - cache: the feature cache's file, which may be large and is kept. A file made from the same inputs is used
  ///     again.
  ///   - cacheLimit: the cache's greatest size in bytes.
  ///   - classWeights: the weight of each class's pixels; equal weights where it is `nil`.
  ///   - dice: the weight of the soft Dice loss of the classes behind the first, beside the cross-entropy.
  ///   - teacherWeight: the weight of the teacher's probabilities in [0, 1], where there is a teacher; the masks have
  ///     the rest.
  ///   - progress: called after each step with the number of all steps; a result of false ends the run there.
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

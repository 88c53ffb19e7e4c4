import Datasets
import ModelFiles

/// The result of a training run.
public struct TrainingResult: Sendable {
  /// The trained tensors with batch norm folded, by their names in the graph, as `Network` takes them.
  public let weights: Weights
  /// The whole model: the backbone, the head, and a card with its layers.
  ///
  /// `ModelFile.write` writes it to a file for the programs.
  public let model: ModelFile
  /// A line for every 50 steps and for the end of each epoch.
  public let records: [TrainingRecord]

  init(_ trainer: Trainer, _ model: (card: ModelCard, weights: Weights), name: String) {
    weights = Weights(source: "a head that was trained", tensors: trainer.network.folded())
    self.model = ModelFile(path: name, card: model.card, weights: model.weights)
    records = trainer.records
  }
}

extension TrainingTask {
  /// Computes the feature cache, or opens an existing one, and trains to the end of the schedule.
  ///
  /// - Parameters:
  ///   - cacheLimit: the cache's greatest size in bytes.
  ///   - progress: called after each step with the number of all steps; a result of false ends the run there.
  /// - Throws: `TrainingError`, `DatasetError` for a picture that cannot be read, or `BackboneError`.
  func learn(
    from samples: TrainingSamples, _ objective: any Objective, schedule: Schedule, cache path: String, cacheLimit: Int,
    progress: (_ step: Int, _ of: Int, _ loss: Double) -> Bool
  ) throws -> Trainer {
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
    let trainer = try Trainer(
      network(batch: schedule.batch, seed: schedule.seed), objective, cache: cache,
      training: cache.usable.filter { $0 < samples.trainingCount },
      validation: cache.usable.filter { $0 >= samples.trainingCount }, schedule: schedule, settings: [:],
      checkpoint: nil)
    while !trainer.isFinished {
      let loss = try trainer.advance()
      if !progress(trainer.step, trainer.totalSteps, loss) { break }
    }
    return trainer
  }

  /// The provenance of a model trained on those samples.
  func provenance(of samples: TrainingSamples) -> Provenance { provenance(pictures: samples.training.samples.count) }
}

extension TrainingSamples {
  /// Refuses samples whose classes differ from the task's, since their class indices would differ too.
  ///
  /// - Parameter names: the class names, the background first.
  func expectClasses(_ names: [String]) throws(DatasetError) {
    guard training.classNames == names else {
      throw .classes(expected: names.joined(separator: ", "), found: training.classNames.joined(separator: ", "))
    }
  }
}

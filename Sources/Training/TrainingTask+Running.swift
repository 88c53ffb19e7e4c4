import Datasets
import ModelFiles

/// What a head has learned.
public struct TrainingResult: Sendable {
  /// The tensors that learned, batch norm folded, by the names that the graph gives them: what `Network` takes.
  public let weights: Weights
  /// The whole model: the backbone, the head, and a card that has its layers.
  ///
  /// `ModelFile.write` makes a file of it, which the programs run as any other.
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
  /// Computes the frozen maps into a file, or takes those that are there, and follows the schedule to its end.
  ///
  /// - Parameters:
  ///   - cacheLimit: bytes that the file may have.
  ///   - progress: told after each step of how many; false ends the run there.
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

  /// Where a model that was learned from those samples comes from.
  func provenance(of samples: TrainingSamples) -> Provenance { provenance(pictures: samples.training.samples.count) }
}

extension TrainingSamples {
  /// Refuses samples of other classes than a task learns, whose numbers would mean other things.
  ///
  /// - Parameter names: of the classes, the background first.
  func expectClasses(_ names: [String]) throws(DatasetError) {
    guard training.classNames == names else {
      throw .classes(expected: names.joined(separator: ", "), found: training.classNames.joined(separator: ", "))
    }
  }
}

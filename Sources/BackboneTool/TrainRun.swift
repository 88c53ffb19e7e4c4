import CLISupport
import Datasets
import Files
import ModelFiles
import Training

/// Runs a lesson to its end: features, steps, log, checkpoints.
struct TrainRun {
  let console: Console
  let files: RunFileOptions

  /// The name that a model has where none is given.
  var name: String { PictureOutputs.stem(of: files.out) }

  /// Refuses to begin where a file of the run has the name of one that it reads.
  ///
  /// - Throws: `Failure` with status `usage`.
  func refuseInputs(base: ModelFile, _ data: (training: Dataset, held: Dataset)) throws(Failure) {
    let read = (data.training.samples + data.held.samples).flatMap(\.files) + [base.path]
    try PictureOutputs.refuse(files.all, flag: "--out", asOneOf: read)
    if let cache = files.cache { try PictureOutputs.refuse(cache, flag: "--cache", asOneOf: read) }
  }

  /// Computes the features, or uses those that are there, and lets the lesson's network learn to the last step.
  ///
  /// - Parameter settings: what tells this run from others of the same features and schedule.
  /// - Throws: `Failure`.
  func learn(
    _ lesson: some Lesson, _ data: (training: Dataset, held: Dataset), _ timing: ScheduleOptions,
    _ augment: AugmentOptions, _ limits: LimitOptions, _ objective: any Objective, settings: [String: String]
  ) throws(Failure) -> Trainer {
    guard lesson.fits(batch: timing.batch) else {
      throw Failure(
        .usage,
        "--batch \(timing.batch): too many pictures of \(lesson.input.width)x\(lesson.input.height) at once; choose fewer, "
          + "or a smaller --size")
    }
    let samples: LessonSamples
    do {
      samples = try LessonSamples(
        training: data.training, held: data.held, variants: timing.variants,
        augmentation: augment.augmentation(width: lesson.input.width, height: lesson.input.height), seed: timing.seed,
        limits: limits.limits)
    } catch { throw Failure(.inputs, error.description, stops: true) }
    let key = lesson.featuresKey(samples)
    let cache = try features(lesson.layout(samples: samples.count), key: key, pictures: samples.pictures) {
      (writer, ended) throws(TrainingError) in
      try lesson.fill(writer, samples, ended: ended)
    }
    let learnable = cache.usable.filter { $0 < samples.trainingCount }
    let schedule = timing.schedule(samples: learnable.count)
    let network: TrainableNetwork
    do { network = try lesson.network(batch: schedule.batch, seed: schedule.seed) } catch {
      throw Failure(.model, "\(lesson.base.path): \(error.description)")
    }
    let trainer: Trainer
    do {
      trainer = try Trainer(
        network, objective, cache: cache, training: learnable,
        validation: cache.usable.filter { $0 >= samples.trainingCount }, schedule: schedule,
        settings: settings.merging(["features": key, "schedule": "\(schedule)"]) { own, _ in own },
        checkpoint: files.checkpoint)
    } catch { throw Failure(training: error) }
    try train(trainer, metricName: objective.metricName)
    return trainer
  }

  /// Writes the model, and its first figure into the log, and removes what only the run needed.
  ///
  /// - Throws: `Failure`.
  func finish(_ model: FinishedModel, _ trainer: Trainer, metricName: String) throws(Failure) {
    if let figure = model.card.figures?.first {
      do throws(TrainingError) {
        try TrainLog(trainer.records, metricName: metricName, measured: figure).write(to: files)
      } catch { throw Failure(training: error) }
    }
    do throws(ModelFileError) {
      try Interrupt.shielded { () throws(ModelFileError) in
        try ModelFile.write(card: model.card, weights: model.weights, to: files.out)
      }
    } catch { throw Failure(ExitStatus(writing: error), error.description) }
    if files.cache == nil { try? Folder.removeFile(files.features) }
    try? Folder.removeFile(files.checkpoint)
  }

  /// Opens the features that are there, or computes them.
  ///
  /// - Parameters:
  ///   - key: what they are made from.
  ///   - fill: computes them, telling how many pictures are done.
  /// - Throws: `Failure`.
  private func features(
    _ layout: FeatureCache.Layout, key: String, pictures: Int,
    fill: (FeatureCache.Writer, (_ done: Int, _ fault: (picture: Int, error: DatasetError)?) -> Void)
      throws(TrainingError) -> Void
  ) throws(Failure) -> FeatureCache {
    if let cache = FeatureCache(path: files.features, key: key, layout: layout) {
      console.note("features: those in \(files.features) are used again")
      return cache
    }
    do throws(TrainingError) {
      let writer = try FeatureCache.Writer(
        path: files.features, key: key, layout: layout, limit: files.cacheLimit << 20)
      var bar = ProgressBar("features", total: pictures, unit: "pictures", on: console)
      var faults: [(picture: Int, error: DatasetError)] = []
      try fill(writer) { done, fault in
        if let fault { faults.append(fault) }
        bar.update(done)
      }
      bar.finish()
      for fault in faults.sorted(by: { $0.picture < $1.picture }) {
        console.note("left out: \(fault.error.description)")
      }
      return try writer.finish()
    } catch { throw Failure(training: error) }
  }

  /// Lets the trainer go to its last step.
  ///
  /// - Parameter metricName: what the metric is called.
  /// - Throws: `Failure`.
  private func train(_ trainer: Trainer, metricName: String) throws(Failure) {
    do throws(TrainingError) {
      if files.resume {
        if !Folder.stamp(files.checkpoint).isEmpty {
          try trainer.resume()
          console.note("goes on after step \(trainer.step) of \(trainer.totalSteps)")
        } else {
          console.note("\(files.checkpoint): no checkpoint was written yet; the run begins anew")
        }
      }
      var bar = ProgressBar("train", total: trainer.totalSteps, unit: "steps", from: trainer.step, on: console)
      var saved = Stopwatch.now
      var smooth: Double?
      var epoch = trainer.records.last?.epoch ?? 0
      while trainer.step < trainer.totalSteps {
        try Interrupt.shielded { () throws(TrainingError) in
          let loss = try trainer.advance()
          smooth = smooth.map { $0 + (loss - $0) * 0.05 } ?? loss
          if Interrupt.isPending || Stopwatch.now - saved >= files.checkpointEvery * 1000 {
            try trainer.save()
            saved = Stopwatch.now
          }
        }
        let last = trainer.records.last
        bar.update(trainer.step, figures(loss: smooth, last))
        if let last, last.metric != nil, last.epoch != epoch {
          epoch = last.epoch
          try TrainLog(trainer.records, metricName: metricName).write(to: files)
        }
      }
      bar.finish()
      try Interrupt.shielded { () throws(TrainingError) in try trainer.save() }
      try TrainLog(trainer.records, metricName: metricName).write(to: files)
    } catch { throw Failure(training: error) }
  }

  private func figures(loss: Double?, _ last: TrainingRecord?) -> String {
    var text = loss.map { "loss \(fixed($0, 4))" } ?? ""
    if let last {
      text += "  rate \(fixed(Double(last.rate), 5))"
      if let metric = last.metric { text += "  metric \(fixed(metric, 4))" }
    }
    return text
  }
}

extension Failure {
  /// What a failure of training means.
  init(training error: TrainingError) {
    let status: ExitStatus
    switch error {
    case .cacheTooLarge, .noPictures, .diverged: status = .inputs
    case .checkpoint, .weights: status = .model
    case .file(let error): status = ExitStatus(error)
    case .model(let error): status = ExitStatus(writing: error)
    }
    self.init(status, error.description, stops: true)
  }
}

import Backbone
import CLISupport
import Datasets
import Files
import ModelFiles
import Training

/// The run of a training task: feature cache, steps, log, checkpoints.
struct TrainRun {
  let console: Console
  let files: RunFileOptions

  /// The default name of the model.
  var name: String { PictureOutputs.stem(of: files.out) }

  /// Refuses to begin if an output of the run is one of its inputs.
  ///
  /// - Throws: `Failure` with status `usage`.
  func refuseInputs(base: ModelFile, _ data: (training: Dataset, validation: Dataset)) throws(Failure) {
    let read = (data.training.samples + data.validation.samples).flatMap(\.files) + [base.path]
    try PictureOutputs.refuse(files.all, flag: "--out", asOneOf: read)
    if let cache = files.cache { try PictureOutputs.refuse(cache, flag: "--cache", asOneOf: read) }
  }

  /// Computes the feature cache, or opens an existing one, and trains the task's layers to the last step.
  ///
  /// - Parameters:
  ///   - usual: the default strength of the augmentation.
  ///   - teacher: adds boxes to the training images.
  ///   - settings: the settings that distinguish this run from others with the same features and schedule.
  /// - Throws: `Failure`.
  func learn(
    _ task: some TrainingTask, _ data: (training: Dataset, validation: Dataset), _ timing: FilledScheduleOptions,
    _ augment: AugmentOptions, usual: AugmentOptions.Strength, _ limits: LimitOptions, _ objective: any Objective,
    teacher: (any DetectionTeacher)? = nil, settings: [String: String]
  ) throws(Failure) -> Trainer {
    guard task.fits(batch: timing.batch) else {
      throw Failure(
        .usage,
        "--batch \(timing.batch): too many pictures of \(task.input.width)x\(task.input.height) at once; choose fewer, "
          + "or a smaller --size")
    }
    let samples: TrainingSamples
    do {
      samples = try TrainingSamples(
        training: data.training, validation: data.validation, variants: timing.variants,
        augmentation: augment.augmentation(width: task.input.width, height: task.input.height, usual: usual),
        seed: timing.seed, limits: limits.limits, teacher: teacher)
    } catch { throw Failure(.inputs, told(error), stops: true) }
    let network: TrainableNetwork
    do { network = try task.network(batch: timing.batch, seed: timing.seed) } catch {
      throw Failure(.model, "\(task.base.path): \(told(error))")
    }
    announce(task, samples, of: data.training.samples.count, network, timing)
    let key = task.featuresKey(samples)
    let cache = try features(task.layout(samples: samples.count), key: key, pictures: samples.pictures) {
      (writer, ended) throws(TrainingError) in
      try task.fill(writer, samples, ended: ended)
    }
    let learnable = cache.usable.filter { $0 < samples.trainingCount }
    let schedule = timing.schedule(samples: learnable.count)
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

  /// Reports the amount of work and an estimate of its duration on this machine.
  private func announce(
    _ task: some TrainingTask, _ samples: TrainingSamples, of pictures: Int, _ network: TrainableNetwork,
    _ timing: FilledScheduleOptions
  ) {
    let steps = samples.trainingCount / timing.batch * timing.epochs
    var text =
      "from \(task.base.card.name.onOneLine), input \(task.input.width)x\(task.input.height), \(pictures) pictures x "
      + "\(timing.variants) variants, \(timing.epochs) epochs, \(steps) steps of \(timing.batch)"
    if let time = task.estimate(samples, network, steps: steps) {
      text +=
        ": features about \(ProgressBar.duration(time.features)), training about \(ProgressBar.duration(time.steps))"
    }
    console.note(text)
  }

  /// Writes the model, adds its first figure to the log, and removes the files that only the run needed.
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
    } catch { throw Failure(ExitStatus(writing: error), told(error)) }
    if files.cache == nil { try? Folder.removeFile(files.features) }
    try? Folder.removeFile(files.checkpoint)
  }

  /// Opens the existing feature cache, or computes it.
  ///
  /// - Parameters:
  ///   - key: identifies the inputs of the features.
  ///   - fill: computes the features, and reports the number of finished images.
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
        console.note("left out: \(told(fault.error))")
      }
      return try writer.finish()
    } catch { throw Failure(training: error) }
  }

  /// Runs the trainer to its last step.
  ///
  /// - Parameter metricName: the name of the metric.
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
      var setBacks = trainer.setBacks.count
      while !trainer.isFinished {
        try Interrupt.shielded { () throws(TrainingError) in
          let loss = try trainer.advance()
          smooth = smooth.map { $0 + (loss - $0) * 0.05 } ?? loss
          if Interrupt.isPending || Stopwatch.now - saved >= files.checkpointEvery * 1000 {
            try trainer.save()
            saved = Stopwatch.now
          }
        }
        if trainer.setBacks.count > setBacks {
          setBacks = trainer.setBacks.count
          console.note(trainer.setBacks[setBacks - 1].description)
        }
        let last = trainer.records.last
        bar.update(trainer.step, figures(loss: smooth, last))
        if let last, last.metric != nil, last.epoch != epoch {
          epoch = last.epoch
          try TrainLog(trainer.records, metricName: metricName).write(to: files)
        }
      }
      bar.finish()
      if trainer.step < trainer.totalSteps {
        console.note(
          "ended after step \(trainer.step) of \(trainer.totalSteps): nothing was gained since epoch "
            + "\(trainer.best.epoch), whose weights are the model")
      }
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

extension SetBack {
  /// The message during the run.
  var description: String {
    let cause =
      switch reason {
      case .notFinite: "the loss is no number any more"
      case .lossRose(let to, let from): "the loss rose from \(fixed(from, 3)) to \(fixed(to, 3))"
      case .constantOutputs: "the outputs are the same for every picture"
      }
    let place = epoch > 0 ? "the weights of epoch \(epoch)" : "the weights that the run began with"
    return "step \(step): training collapsed, \(cause); it goes on from \(place) at half the rate"
  }
}

extension Failure {
  /// The status of a training failure.
  init(training error: TrainingError) {
    let status: ExitStatus
    switch error {
    case .cacheTooLarge, .tooFewSamples, .diverged: status = .inputs
    case .checkpoint, .weights: status = .model
    case .file(let error): status = ExitStatus(error)
    case .model(let error): status = ExitStatus(writing: error)
    }
    self.init(status, told(error), stops: true)
  }
}

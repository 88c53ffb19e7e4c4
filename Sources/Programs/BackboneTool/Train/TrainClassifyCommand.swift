import ArgumentParser
import Backbone
import CLISupport
import Datasets
import Kernels
import ModelFiles
import Training

struct TrainClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Train a classifier of whole pictures.",
    discussion: """
      The data is a folder with a subfolder of pictures for each class (`cat/1.jpg`, `dog/2.jpg`), or with a file \
      classes.csv, each line of which is a picture's path and its class. Beside the model the run writes a log in \
      comma-separated values, a chart of the loss and of an estimate of top-1, and until its end a checkpoint and the \
      feature cache. The same data, settings and seed give the same weights, even if the run was stopped and resumed.
      """)

  @OptionGroup var data: DataOptions
  @OptionGroup var files: RunFileOptions
  @OptionGroup var timing: ScheduleOptions
  @OptionGroup var augment: AugmentOptions

  @Option(
    help: ArgumentHelp(
      "The base model, by name or path: a classifier of ImageNet is a good choice.",
      valueName: "name|path"))
  var model = ModelChoice.detector

  @OptionGroup var blocks: BlockOptions

  @Option(help: ArgumentHelp("Input size. (default: the base model's own)", valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "Loss weight of each class, in the order of the classes' names. (default: all 1)",
      valueName: "numbers"))
  var classWeights: String?

  @Option(help: ArgumentHelp("The model's name. (default: that of --out)", valueName: "name"))
  var name: String?

  func validate() throws {
    if let size { try checkInputSize(size) }
    if augment.augment == .ssd {
      throw ValidationError("--augment ssd is for boxes: expected none, light or strong")
    }
    try ClassWeights.check(classWeights)
  }

  func run() throws {
    let console = Main.console
    var (training, validation) = try data.read(on: console, where: { $0.classIndex != nil }, teacher: nil)
    // Images of classes that were not selected have no class any more.
    (training, validation) = (training.withClass, validation.withClass)
    let names = Array(training.classNames.dropFirst())
    let place = data.data.joined(separator: ", ")
    guard !training.samples.isEmpty else {
      throw Failure(.inputs, "\(place): no picture with a class is left to learn from", stops: true)
    }
    guard names.count > 1 else {
      throw Failure(.inputs, "\(place): has the class \(names[0]) alone, expected at least two", stops: true)
    }
    let base = try ModelChoice.open(model, data.limits)
    let run = TrainRun(console: console, files: files)
    try run.refuseInputs(base: base, (training, validation))
    let timing = timing.filled()
    let task: ClassificationTraining
    do {
      task = try ClassificationTraining(
        base: base, classes: names, learning: blocks.learning(usual: .none), size: size,
        session: Session(threads: timing.threads))
    } catch { throw blocks.failure(error, base: base.path) }
    let weights = try ClassWeights.values(classWeights, of: names)

    let objective = task.objective(classWeights: weights)
    let trainer = try run.learn(
      task, (training, validation), timing, augment, usual: .light, data.limits, objective,
      settings: ["class weights": "\(weights)"])
    var model = FinishedModel(
      task.model(
        trainer.network, name: name ?? run.name, ids: training.classes.dropFirst().map(\.id),
        provenance: task.provenance(pictures: training.samples.count)), base: base, on: console)
    let report = try model.measureClasses(on: validation, of: data.data, threads: timing.threads, limits: data.limits)
    try run.finish(model, trainer, metricName: objective.metricName)
    let opening =
      "\(files.out)  \(names.count) classes, \(training.samples.count) pictures x \(timing.variants), "
      + "\(trainer.step) steps\n"
    try console.write(opening + (report?.summary ?? ""))
  }
}

/// The weights of the classes in the loss, as the option gives them.
enum ClassWeights {
  /// - Throws: `ValidationError` for a text that is not a list of numbers.
  static func check(_ text: String?) throws {
    guard let text else { return }
    if text.split(separator: ",").contains(where: { !(Float($0).map { $0 >= 0 && $0 < 1e6 } ?? false) }) {
      throw ValidationError("--class-weights \(text): expected numbers of at least 0 with commas between")
    }
  }

  /// A weight for each class; all 1 without the option.
  ///
  /// - Throws: `Failure` with status `usage` for a wrong number of weights.
  static func values(_ text: String?, of classes: [String]) throws(Failure) -> [Float] {
    guard let text else { return [Float](repeating: 1, count: classes.count) }
    let values = text.split(separator: ",").compactMap { Float($0) }
    guard values.count == classes.count else {
      throw Failure(
        .usage, "--class-weights \(text): expected \(classes.count) numbers, for \(classes.joined(separator: ", "))")
    }
    return values
  }
}

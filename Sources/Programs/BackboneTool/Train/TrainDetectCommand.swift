import ArgumentParser
import Backbone
import CLISupport
import Datasets
import Files
import Kernels
import ModelFiles
import Training

struct TrainDetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Train a detection head.",
    discussion: """
      The data has pictures and boxes. The head is SSDLite. If the base model is a detector, training starts from its \
      head's layers, and from its class predictors for classes of the same name. Beside the model the run writes a log \
      in comma-separated values, a chart of the loss and of an estimate of AP50, and until its end a checkpoint and \
      the feature cache. The same data, settings and seed give the same weights, even if the run was stopped and \
      resumed.
      """)

  /// The losses of detection training.
  enum LossName: String, ExpressibleByArgument, CaseIterable {
    case multibox, focal
  }

  @OptionGroup var data: DataOptions
  @OptionGroup var files: RunFileOptions
  @OptionGroup var timing: ScheduleOptions
  @OptionGroup var augment: AugmentOptions

  @Option(
    help: ArgumentHelp(
      """
      The base model, by name or path. (default: \(ModelChoice.detector), or \(ModelChoice.smallThings) if a class \
      has small objects)
      """, valueName: "name|path"))
  var model: String?

  @Option(
    help: "The classification loss: multibox (softmax, three of the hardest background boxes per object) or focal.")
  var loss = LossName.multibox

  @Flag(help: "Start from new layers, even if the base model is a detector.")
  var fromScratch = false

  @Option(
    help: ArgumentHelp(
      "A detector whose detections are added to the ground truth of the training pictures, except on annotated boxes.",
      valueName: "name|path"))
  var teacher: String?

  @Option(
    help: ArgumentHelp(
      "With --teacher: detections above this score are ground truth; those above half of it are ignored.",
      valueName: "score"))
  var teacherScore: Float = 0.5

  @OptionGroup var blocks: BlockOptions

  @Option(help: ArgumentHelp("Input size. (default: the base model's own)", valueName: "pixels"))
  var size: Int?

  @Option(help: ArgumentHelp("The model's name. (default: that of --out)", valueName: "name"))
  var name: String?

  func validate() throws {
    if let size { try checkInputSize(size) }
    guard teacherScore >= 0, teacherScore <= 1 else {
      throw ValidationError("--teacher-score \(teacherScore): expected a number from 0 to 1")
    }
  }

  func run() throws {
    let console = Main.console
    let choice = try teacher.map { value throws(Failure) in try TeacherChoice(value, data.limits) }
    if case .maps(let folder) = choice {
      throw Failure(.usage, "--teacher \(folder): a folder of maps teaches segmentation; expected a detector")
    }
    let (training, validation) = try data.read(on: console, where: \.hasBoxes, teacher: choice)
    var teacher: BoxTeacher?
    if case .model(let model) = choice {
      teacher = try BoxTeacher(
        model, classes: training.classNames, mapping: try data.mapping(), score: teacherScore)
    }
    let things = training.samples.reduce(0) { $0 + $1.boxes.count }
    guard things > 0 || teacher != nil else {
      throw Failure(.inputs, "\(data.data.joined(separator: ", ")): no box is left to learn from", stops: true)
    }
    let usual = DetectionPlan.hasSmallThings(training) ? ModelChoice.smallThings : ModelChoice.detector
    let base = try ModelChoice.open(model ?? usual, data.limits)
    let plan = DetectionPlan(training, base: base.card)
    let timing = timing.filled(
      variants: plan.variants, epochs: plan.epochs, batch: plan.batch, patience: plan.patience,
      backboneRate: DetectionPlan.backboneRate)
    let run = TrainRun(console: console, files: files)
    try run.refuseInputs(base: base, (training, validation))
    let task: DetectionTraining
    do {
      task = try DetectionTraining(
        base: base, classes: training.classNames, loss: loss == .focal ? .focal : .multibox,
        learning: blocks.learning(usual: plan.learning), size: size ?? plan.size,
        startsAnew: fromScratch, session: Session(threads: timing.threads))
    } catch { throw blocks.failure(error, base: base.path) }

    let objective = task.objective()
    let trainer = try run.learn(
      task, (training, validation), timing, augment, usual: .light, data.limits, objective, teacher: teacher,
      settings: ["loss": "\(task.loss)", "anew": "\(!task.isPretrained)"])
    var model = FinishedModel(
      task.model(
        trainer.network, name: name ?? run.name, ids: training.classes.map(\.id),
        provenance: task.provenance(pictures: training.samples.count)), base: base, on: console)
    let report = try model.measureBoxes(on: validation, of: data.data, threads: timing.threads, limits: data.limits)
    try run.finish(model, trainer, metricName: objective.metricName)
    let opening =
      "\(files.out)  \(things) boxes in \(training.samples.count) pictures x \(timing.variants), "
      + "\(trainer.step) steps\n"
    try console.write(opening + (report?.summary ?? ""))
  }
}

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
    abstract: "Let a detection head learn to find classes.",
    discussion: """
      The data has pictures and boxes. The head is SSDLite; where the base model is a detector itself, its head's layers \
      are where learning begins, and what it knows of classes of the same name. Beside the model appear a log in comma-separated values, a picture \
      of the loss and of an estimate of AP50, and while it runs a checkpoint and the features. The same data, settings \
      and seed give the same weights, whether or not the run was stopped in between.
      """)

  /// The losses that it can learn by.
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
      The model whose backbone the head sits on, by name or path. (default: \(ModelChoice.detector), where the things of a \
      class are small \(ModelChoice.smallThings))
      """, valueName: "name|path"))
  var model: String?

  @Option(
    help: "The loss of the classes: multibox (softmax, three of the hardest background boxes for each thing) or focal.")
  var loss = LossName.multibox

  @Flag(help: "Begin with new layers, even where the base model has a detection head.")
  var fromScratch = false

  @Option(
    help: ArgumentHelp(
      "A detector that adds what it finds to the pictures to learn from, where no box of theirs is.",
      valueName: "name|path"))
  var teacher: String?

  @Option(
    help: ArgumentHelp(
      "With --teacher: what it finds with a higher score is learned; from half of that on it counts neither way.",
      valueName: "score"))
  var teacherScore: Float = 0.5

  @OptionGroup var blocks: BlockOptions

  @Option(help: ArgumentHelp("Rows and columns of the input; without it the model's own.", valueName: "pixels"))
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

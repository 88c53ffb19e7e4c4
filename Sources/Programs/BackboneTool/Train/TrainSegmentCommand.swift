import ArgumentParser
import Backbone
import CLISupport
import Datasets
import Files
import ImageTypes
import Kernels
import ModelFiles
import PyramidLite
import Training

struct TrainSegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Train a segmentation head.",
    discussion: """
      The data has pictures and masks with class ids as pixel values, 255 being the ignore index. Beside the model the \
      run writes a log in comma-separated values, a chart of the loss and of an estimate of the mean IoU, and until \
      its end a checkpoint and the feature cache. The same data, settings and seed give the same weights, even if the \
      run was stopped and resumed.
      """)

  /// The kinds of trainable heads.
  enum HeadName: String, ExpressibleByArgument, CaseIterable {
    case deeplab, pyramid
  }

  @OptionGroup var data: DataOptions
  @OptionGroup var files: RunFileOptions
  @OptionGroup var timing: ScheduleOptions
  @OptionGroup var augment: AugmentOptions

  @Option(help: ArgumentHelp("The base model, by name or path.", valueName: "name|path"))
  var model = ModelChoice.detector

  @Option(help: "The head: pyramid (finer outlines) or deeplab (DeepLabV3-lite).")
  var head = HeadName.pyramid

  @Option(
    help: ArgumentHelp(
      """
      For pyramid: the taps of its levels, coarse to fine. `backbone features --tap list` lists all taps. (default: \
      the last block and the inputs of the last three strides; for MobileNetV2 block16, block13/expansion, \
      block6/expansion and block3/expansion)
      """, valueName: "taps"))
  var levels: String?

  @Option(
    help: ArgumentHelp(
      "For pyramid: channels of each level after the first. (default: 128,64,32)", valueName: "numbers"
    ))
  var widths: String?

  @Option(
    help: ArgumentHelp(
      """
      The source of labels for unlabelled pixels and pictures: a segmentation model, whose class probabilities are \
      targets beside the masks, or a folder of masks of another model for the pictures without a mask (PNG; 0 is the \
      background, then the data's classes in their order, 255 the ignore index).
      """, valueName: "name|path|folder"))
  var teacher: String?

  @Option(
    help: ArgumentHelp(
      "With --teacher: loss weight of a model's probabilities; the masks have the rest.", valueName: "share"))
  var teacherWeight: Float = 0.5

  @OptionGroup var blocks: BlockOptions

  @Option(
    help: ArgumentHelp("Output stride of the backbone: 8, 16 or 32. (default: the model's own)", valueName: "stride"))
  var outputStride: Int?

  @Option(help: ArgumentHelp("Input size. (default: the base model's own)", valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "Loss weight of each class, the background first. (default: all 1)", valueName: "numbers"))
  var classWeights: String?

  @Option(
    help: ArgumentHelp("Weight of the soft Dice loss of all classes but the background.", valueName: "number"))
  var dice: Float = 1

  @Option(help: ArgumentHelp("The model's name. (default: that of --out)", valueName: "name"))
  var name: String?

  @Flag(help: "Leave out the base model's weights; the base model is then needed to open this one.")
  var onlyLearned = false

  @Option(
    help: ArgumentHelp(
      """
      Restrict masks to the boxes that the base model, a detector, finds with a score above this, each box enlarged by \
      a tenth; with --only-learned.
      """, valueName: "score"))
  var gate: Float?

  private func numbers(_ text: String, _ flag: String) throws -> [Int] {
    try text.split(separator: ",").map {
      guard let value = Int($0), (1...4096).contains(value) else {
        throw ValidationError("\(flag) \(text): expected numbers from 1 to 4096 with commas between")
      }
      return value
    }
  }

  func validate() throws {
    if let outputStride, ![8, 16, 32].contains(outputStride) {
      throw ValidationError("--output-stride \(outputStride): expected 8, 16 or 32")
    }
    if let size { try checkInputSize(size) }
    guard teacherWeight >= 0, teacherWeight <= 1 else {
      throw ValidationError("--teacher-weight \(teacherWeight): expected a number from 0 to 1")
    }
    guard dice >= 0, dice <= 100 else { throw ValidationError("--dice \(dice): expected a number from 0 to 100") }
    if let gate {
      guard onlyLearned else {
        throw ValidationError("--gate needs --only-learned: the base model's own head finds the boxes")
      }
      guard gate >= 0, gate <= 1 else { throw ValidationError("--gate \(gate): expected a number from 0 to 1") }
    }
    let widths = try widths.map { try numbers($0, "--widths") }
    if let levels, head == .pyramid {
      let count = levels.split(separator: ",").count
      guard (2...16).contains(count) else {
        throw ValidationError("--levels \(levels): expected 2 to 16 taps with commas between")
      }
      if let widths, count != widths.count + 1 {
        throw ValidationError(
          "--widths \(self.widths!): expected one number for each level after the first of \(levels)")
      }
    }
    try ClassWeights.check(classWeights)
  }

  func run() throws {
    let console = Main.console
    let choice = try teacher.map { value throws(Failure) in try TeacherChoice(value, data.limits) }
    let (training, validation) = try data.read(on: console, where: { $0.mask != nil }, teacher: choice)
    var teacher: MaskTeacher?
    if case .model(let model) = choice {
      teacher = try MaskTeacher(model, classes: training.classNames, mapping: try data.mapping())
    }
    guard !training.samples.isEmpty else {
      throw Failure(
        .inputs, "\(data.data.joined(separator: ", ")): no picture with a mask is left to learn from", stops: true)
    }
    let base = try ModelChoice.open(model, data.limits)
    if gate != nil, base.card.task != .detect {
      throw Failure(.usage, "--gate: \(base.card.name) is no detector; leave the flag out")
    }
    let run = TrainRun(console: console, files: files)
    try run.refuseInputs(base: base, (training, validation))
    let timing = timing.filled()
    let session = Session(threads: timing.threads)
    let kind = head == .deeplab ? SegmentationHeadKind.deeplab : .pyramid(try pyramid(on: base.card.backbone))
    let task: SegmentationTraining
    do {
      task = try SegmentationTraining(
        base: base, classes: training.classNames, kind: kind, learning: blocks.learning(usual: .none),
        outputStride: outputStride, size: size, teacher: teacher, session: session)
    } catch { throw blocks.failure(error, base: base.path) }
    let weights = try ClassWeights.values(classWeights, of: training.classNames)

    let objective = task.objective(classWeights: weights, dice: dice, teacherWeight: teacherWeight)
    let trainer = try run.learn(
      task, (training, validation), timing, augment, usual: .strong, data.limits, objective,
      settings: [
        "class weights": "\(weights)", "dice": "\(dice)", "teacher": teacher == nil ? "none" : "\(teacherWeight)",
      ])
    var model = FinishedModel(
      task.model(
        trainer.network, name: name ?? run.name, provenance: task.provenance(pictures: training.samples.count),
        onlyLearned: onlyLearned, gate: gate.map { GateCard(score: $0, margin: 0.1) }), base: base, on: console)
    let report = try model.measureMasks(on: validation, of: data.data, threads: timing.threads, limits: data.limits)
    try run.finish(model, trainer, metricName: objective.metricName)
    let opening =
      "\(files.out)  \(training.samples.count) pictures x \(timing.variants), \(trainer.step) steps\n"
    try console.write(opening + (report?.summary ?? ""))
  }

  /// The feature pyramid from the options, or the network's default one.
  private func pyramid(on backbone: BackboneCard) throws(Failure) -> PyramidCard {
    var card = backbone.graph.map(PyramidCard.usual(on:)) ?? PyramidCard.usual(on: NetworkLayout(backbone))
    if let levels {
      card.levels = levels.split(separator: ",").map(String.init)
      card.widths = PyramidCard.usualWidths(levels: card.levels.count)
    }
    if let widths {
      let numbers = widths.split(separator: ",").compactMap { Int($0) }
      guard numbers.count == card.widths.count else {
        throw Failure(
          .usage,
          "--widths \(widths): expected one number for each level after the first of \(card.levels.joined(separator: ","))"
        )
      }
      card.widths = numbers
    }
    return card
  }
}

import ArgumentParser
import CLISupport
import ImageTypes
import Kernels
import ModelFiles
import Overlay
import Processing
import Vision

@main enum Main {
  static let console = Console(program: "detect")

  static func main() { Program.run(DetectCommand.self, on: console) }
}

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Detect objects in pictures: a box, a label and a score for each.",
    discussion: """
      Reads PNG, JPEG, WebP and BMP. Boxes are in pixels of the displayed picture, with EXIF orientation applied.

      FORMATS: text is a table for each picture. json is an array with an object for each processed picture, written \
      at the end. ndjson is one object per line, written after each picture; a failed picture has "error" instead of \
      "detections". csv is a header line and one detection per line. coco is a results array for COCO's evaluation \
      tools; image_id is the file's name without its extension, as a number if it consists of digits.

      \(ExitStatus.help)

      \(Program.environmentHelp)
      """,
    version: Program.version)

  @OptionGroup var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      """
      A model's name, or the path of a model file. (default: \(ModelChoice.detector), with people detected by \
      \(ModelChoice.specialists.joined(separator: ", ")))
      """, valueName: "name|path"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      """
      Write the picture with the boxes drawn in to this file, as a PNG. \(PictureOutputs.placesHelp)
      """, valueName: "overlay.png"))
  var out: String?

  @Option(help: "Format of the results on standard output. (default: text)")
  var format: Format?

  @Option(
    help: ArgumentHelp(
      "Score threshold of the reported detections, 0 to 1. (default: the model's own, else 0.5)",
      valueName: "number"))
  var score: Float?

  @Option(
    help: ArgumentHelp(
      "IoU threshold of non-maximum suppression, 0 to 1. (default: the model's own)",
      valueName: "number"))
  var iou: Float?

  @Option(help: "Whether non-maximum suppression is within each class or across classes.")
  var nms = NonMaximumSuppression.Mode.perClass

  @Option(
    help: ArgumentHelp(
      "Maximum number of detections per picture. (default: the model's own, usually 100)", valueName: "count"))
  var topK: Int?

  @Flag(help: "Write no results to standard output, only the picture of --out.")
  var quiet = false

  @Flag(help: "Allow --out to replace an input picture.")
  var force = false

  @OptionGroup var resuming: ResumeOptions

  @OptionGroup var views: ViewOptions

  @OptionGroup var work: RunOptions

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if let score, !(0...1).contains(score) { throw ValidationError("--score \(score): expected a number from 0 to 1") }
    if let iou, !(0...1).contains(iou) { throw ValidationError("--iou \(iou): expected a number from 0 to 1") }
    if let topK, topK < 1 { throw ValidationError("--top-k \(topK): expected a number of at least 1") }
    if out == nil, force { throw ValidationError("--force has no effect without --out") }
    if out == nil, quiet { throw ValidationError("--quiet without --out would give no result at all") }
    try resuming.check(format: format?.rawValue, isQuiet: quiet)
  }

  func run() throws {
    let console = Main.console
    let timing = Timing(work, on: console)
    let inputs = try pictures.inputs(limits, outputs: [out])
    var outputs: PictureOutputs?
    if let out { outputs = try PictureOutputs(flag: "--out", value: out, inputs: inputs, force: force) }
    if !quiet, outputs?.useStandardOutput == true {
      throw Failure(.usage, "--out and the results would both go to standard output; add --quiet")
    }
    let resumed = try resuming.open(inputs, on: console)
    if let resumed, resumed.count == inputs.count { return try resumed.end() }
    var report = try Report(
      format: format ?? (resumed == nil ? .text : .ndjson), inputs: inputs, quiet: quiet)
    var run = try PictureRun(
      inputs, pictures, model ?? ModelChoice.detector, work, limits, resumed: resumed, isQuiet: quiet, timing: timing,
      on: console
    ) { (session, watch) throws(Failure) in
      try load(on: session, outputs: outputs.map { [$0] } ?? [], &watch)
    }
    let detector = run.model
    report.threshold = score ?? detector.scoreThreshold
    let modelName = detector.names.joined(separator: ", ")
    try resumed?.begin(with: modelName)

    try console.write(report.opening)
    let status = try run.run { (index, image, watch) throws(Failure) in
      let found = try find(in: image, named: inputs.name(index), with: detector) { watch.lap($0.rawValue) }
      var overlay: [UInt8]?
      if let outputs {
        Overlay.drawBoxes(found.map(\.annotation), on: &image)
        watch.lap("draw")
        overlay = try outputs.encode(image, for: index)
        watch.lap("encode")
      }
      let result = PictureResult(
        image: inputs.name(index), width: image.width, height: image.height, model: modelName, detections: found,
        overlay: outputs?.path(index))
      return (result: result, overlay: overlay)
    } finish: { (index, made, watch) throws(Failure) in
      if let overlay = made.overlay, let outputs {
        try outputs.put(overlay, for: index)
        watch.lap("write")
      }
      return report.add(made.result)
    } failed: { index, failure in
      report.add(failure, of: inputs.name(index))
    }
    try console.write(report.closing)
    try run.end(status)
  }

  private func load(
    on session: Session, outputs: [PictureOutputs], _ watch: inout Stopwatch
  ) throws(Failure) -> Detector {
    let file = try ModelChoice.open(model ?? ModelChoice.detector, limits)
    var specialists: [ModelFile] = []
    if model == nil {
      for name in ModelChoice.specialists { specialists.append(try ModelChoice.open(name, limits)) }
    }
    for one in outputs {
      for file in [file] + specialists { try one.mustNotReplace(model: file.path) }
    }
    watch.lap("load")
    do {
      let detector = try Detector(file, specialists: specialists, session: session)
      watch.lap("pack")
      return detector
    } catch { throw Failure(.model, told(error)) }
  }

  private func find(
    in image: Image, named name: String, with detector: Detector, ended: (Stage) -> Void
  ) throws(Failure) -> [Detection] {
    let options = DetectionOptions(
      scoreThreshold: score, iouThreshold: iou, suppression: nms, maximumDetections: topK,
      views: views.chosen(else: .auto))
    do { return try detector.detect(image, options, ended: ended) } catch {
      throw Failure(.model, "\(name): \(told(error))", stops: true)
    }
  }

}

extension NonMaximumSuppression.Mode: ExpressibleByArgument {}

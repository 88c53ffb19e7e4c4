import ArgumentParser
import CLISupport
import ImageTypes
import Kernels
import ModelFiles
import Vision

struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Classify whole pictures: labels and scores, best first.",
    discussion: """
      Pictures are preprocessed by the conventions of the model's card; most classifiers use a centre crop. Labels are \
      the card's; an output without one is called `class 285`.

      FORMATS: text is a table for each picture. json is an array with an object for each processed picture, written \
      at the end. ndjson is one object per line, written after each picture; a failed picture has "error" instead of \
      "classifications". csv is a header line and one class per line.
      """)

  @OptionGroup var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      "A classifier's name, or the path of a model file; `backbone import` and `backbone train classify` make them.",
      valueName: "name|path"))
  var model: String

  @Option(help: ArgumentHelp("Number of reported classes per picture.", valueName: "count"))
  var top = 5

  @Option(help: "Format of the results on standard output. (default: text)")
  var format: ClassifyReport.Format?

  @Option(
    help: ArgumentHelp(
      """
      A file with a class name on each line, in the order of the outputs; replaces the card's names. For a classifier \
      with 1001 outputs, 1000 names follow its background.
      """, valueName: "file"))
  var labels: String?

  @OptionGroup var resuming: ResumeOptions

  @OptionGroup var work: RunOptions

  @OptionGroup var limits: LimitOptions

  func validate() throws {
    guard top >= 1 else { throw ValidationError("--top \(top): expected a number of at least 1") }
    try resuming.check(format: format?.rawValue)
  }

  func run() throws {
    let console = Main.console
    let timing = Timing(work, on: console)
    let inputs = try pictures.inputs(limits)
    let resumed = try resuming.open(inputs, on: console)
    if let resumed, resumed.count == inputs.count { return try resumed.end() }
    var report = ClassifyReport(format: format ?? (resumed == nil ? .text : .ndjson))
    var run = try PictureRun(
      inputs, pictures, model, work, limits, resumed: resumed, timing: timing, on: console, load: load)
    let classifier = run.model
    try resumed?.begin(with: classifier.card.name)

    try console.write(report.opening)
    let status = try run.run { (index, image, watch) throws(Failure) in
      let found: [Classification]
      do throws(VisionError) { found = try classifier.classify(image, top: top) { watch.lap($0.rawValue) } } catch {
        throw Failure(.model, "\(inputs.name(index)): \(told(error))", stops: true)
      }
      return ClassifyReport.Result(
        image: inputs.name(index), width: image.width, height: image.height, model: classifier.card.name,
        classifications: found)
    } finish: { (_, result, _) throws(Failure) in
      report.add(result)
    } failed: { index, failure in
      report.add(failure, of: inputs.name(index))
    }
    try console.write(report.closing)
    try run.end(status)
  }

  private func load(on session: Session, _ watch: inout Stopwatch) throws(Failure) -> ImageClassifier {
    let file = try ModelChoice.open(model, limits).labelled(by: labels, limits)
    watch.lap("load")
    do {
      let classifier = try ImageClassifier(file, session: session)
      watch.lap("pack")
      return classifier
    } catch { throw Failure(.model, told(error)) }
  }
}

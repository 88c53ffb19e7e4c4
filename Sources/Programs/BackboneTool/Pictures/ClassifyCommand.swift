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

  @Argument(help: ArgumentHelp("Pictures, PNG or JPEG.", valueName: "image"))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "A classifier's name, or the path of a model file; `backbone import` and `backbone train classify` make them.",
      valueName: "name|path"))
  var model: String

  @Option(help: ArgumentHelp("Number of reported classes per picture.", valueName: "count"))
  var top = 5

  @Option(help: "Format of the results on standard output.")
  var format = ClassifyReport.Format.text

  @Option(
    help: ArgumentHelp(
      """
      A file with a class name on each line, in the order of the outputs; replaces the card's names. For a classifier \
      with 1001 outputs, 1000 names follow its background.
      """, valueName: "file"))
  var labels: String?

  @OptionGroup var work: RunOptions

  @OptionGroup(title: "Limits") var limits: LimitOptions

  func validate() throws {
    guard top >= 1 else { throw ValidationError("--top \(top): expected a number of at least 1") }
  }

  func run() throws {
    let console = Main.console
    let timing = Timing(work, on: console)
    var report = ClassifyReport(format: format)
    var run = try PictureRun(images, model, work, limits, timing: timing, on: console, load: load)
    let classifier = run.model

    try console.write(report.opening)
    let status = try run.run { (index, image, watch) throws(Failure) in
      let found: [Classification]
      do throws(VisionError) { found = try classifier.classify(image, top: top) { watch.lap($0.rawValue) } } catch {
        throw Failure(.model, "\(images[index]): \(told(error))", stops: true)
      }
      return ClassifyReport.Result(
        image: images[index], width: image.width, height: image.height, model: classifier.card.name,
        classifications: found)
    } finish: { (_, result, _) throws(Failure) in
      report.add(result)
    } failed: { index, failure in
      report.add(failure, of: images[index])
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

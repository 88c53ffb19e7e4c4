import ArgumentParser
import CLISupport
import Kernels
import ModelFiles
import Tensors
import Vision

struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Say what whole pictures show: labels and scores, best first.",
    discussion: """
      Pictures are prepared as the model's card says; most classifiers look at the centre of a picture that is not square. \
      Labels are the card's; outputs without one are called `class 285`.

      FORMATS: text is a table for each picture. json is an array with an object for each picture that could be done, \
      written at the end. ndjson is one such object a line, written as each picture ends; a picture that fails has \
      "error" in place of "classifications". csv is one class a line under a header line.
      """)

  @Argument(help: ArgumentHelp("Pictures, PNG or JPEG.", valueName: "image"))
  var images: [String]

  @Option(
    help: ArgumentHelp(
      "A classifier's name, or the path of a model file; `backbone import` and `backbone train classify` make them.",
      valueName: "name|path"))
  var model: String

  @Option(help: ArgumentHelp("How many classes of each picture are reported.", valueName: "count"))
  var top = 5

  @Option(help: "How results are written to standard output.")
  var format = ClassifyReport.Format.text

  @Option(
    help: ArgumentHelp(
      """
      A file with a class name in each line, in the order of the outputs, in the place of the card's; 1000 names of \
      ImageNet's classes go behind the background of a classifier with 1001 outputs.
      """, valueName: "file"))
  var labels: String?

  @OptionGroup var work: RunOptions

  @OptionGroup(title: "Limits for files from strangers") var limits: LimitOptions

  func validate() throws {
    guard top >= 1 else { throw ValidationError("--top \(top): expected a number of at least 1") }
  }

  func run() throws {
    let console = Main.console
    var timing = Timing(work, on: console)
    var report = ClassifyReport(format: format)
    let callers = Batch.callers(images.count, threads: work.threads)
    let session = Session(threads: callers > 1 ? 1 : work.threads)
    let opening = try Opening(model, first: images[0], on: session.pool, &timing) { (watch) throws(Failure) in
      try load(on: session, &watch)
    } decode: { () throws(Failure) in
      try limits.read(images[0])
    }
    let classifier = opening.model

    try console.write(report.opening)
    let (before, began) = (timing.told, Stopwatch.now)
    let status = try Batch(images, on: console).run(callers) { (index) throws(Failure) in
      var (image, watch) = try opening.pictures.read(index) { () throws(Failure) in try limits.read(images[index]) }
      let found: [Classification]
      do throws(VisionError) { found = try classifier.classify(image, top: top) { watch.lap($0.rawValue) } } catch {
        throw Failure(.model, "\(images[index]): \(error.description)", stops: true)
      }
      let result = ClassifyReport.Result(
        image: images[index], width: image.width, height: image.height, model: classifier.card.name,
        classifications: found)
      return (result: result, watch: watch)
    } finish: { (index, made, write) throws(Failure) in
      var watch = made.watch
      watch.resume()
      try write(report.add(made.result))
      watch.lap("report")
      timing.note(images[index], watch)
    } failed: { index, failure in
      report.add(failure, of: images[index])
    }
    if callers > 1 { timing.overlap(timing.told - before, took: Stopwatch.now - began) }
    try console.write(report.closing)
    timing.end()
    try status.end()
  }
  private func load(on session: Session, _ watch: inout Stopwatch) throws(Failure) -> ImageClassifier {
    let file = try ModelChoice.open(model, limits).labelled(by: labels, limits)
    watch.lap("load")
    do {
      let classifier = try ImageClassifier(file, session: session)
      watch.lap("pack")
      return classifier
    } catch { throw Failure(.model, error.description) }
  }
}

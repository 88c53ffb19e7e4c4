import ArgumentParser
import CLISupport
import Datasets
import ImageTypes
import Vision

struct EvalClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Evaluate classification: top-1, top-5, and the confusion matrix.",
    discussion: """
      The data is a folder with a subfolder of pictures for each class, or with a file classes.csv, each line of which \
      is a picture's path and its class. Classes are matched by name. Pictures of classes that the model does not have \
      are left out; predictions of classes that the data does not have are wrong.

      FORMATS: text is a table. json is one object, with a row of the confusion matrix for each class: the numbers of \
      its pictures predicted as each class, in the classes' order, and last as none of them. csv is a header line and \
      one figure per line.
      """)

  @Option(
    help: ArgumentHelp(
      "A folder of pictures by class, or with classes.csv. May be given several times.", valueName: "folder"))
  var data: [String]

  @Option(help: ArgumentHelp("A classifier's name, or the path of a model file.", valueName: "name|path"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "A file with a class name on each line, in the order of the outputs; replaces the card's names.",
      valueName: "file"))
  var labels: String?

  @OptionGroup var options: EvalOptions

  func validate() throws {
    try options.check(data: data)
    if options.views.isGiven { throw ValidationError("--views and --slice have no effect with eval classify") }
  }

  func run() throws {
    let console = Main.console
    let drawn = try options.pictures.map { path throws(Failure) in
      try OutputFolder("--pictures", path, notIn: self.data)
    }
    let data = try ClassificationData(
      options.open(data, on: console) { $0.withClass }, options.mapping(), limit: options.limit)
    guard !data.samples.isEmpty else {
      throw Failure(.inputs, "no picture with a class is left to measure; check --data, --hold-out and --limit")
    }
    let file = try ModelChoice.open(model, options.limits).labelled(by: labels, options.limits)
    let classifier: ImageClassifier
    do { classifier = try ImageClassifier(file, threads: options.threads) } catch {
      throw Failure(.model, told(error))
    }
    var wrong: [ClassificationAnswer] = []
    var loop = EvalLoop(on: console)
    let report = try ClassificationReport(classifier, data, of: self.data, limits: options.limits, &loop) {
      if drawn != nil, $0.rank > 0 { wrong.append($0) }
    }
    guard report.pictures > 0 else { throw loop.nothing(of: data.samples.count) }
    if let drawn {
      try report.drawCharts(in: drawn)
      // The mistakes of the highest score first.
      func score(_ answer: ClassificationAnswer) -> Float { answer.found[0].score }
      wrong.sort { score($0) != score($1) ? score($0) > score($1) : $0.index < $1.index }
      for (rank, answer) in wrong.prefix(options.worst ?? 8).enumerated() {
        let sample = data.samples[answer.index].sample
        let image: Image
        do { image = try sample.readImage(limits: options.limits.limits) } catch {
          throw Failure(.inputs, told(error))
        }
        try report.drawCase(image, answer, named: sample.name, rank: rank + 1, in: drawn)
      }
    }
    try console.write(report.text(options.format))
    try loop.end(of: data.samples.count, skipped: data.skipped)
  }
}

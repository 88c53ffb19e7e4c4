import ArgumentParser
import CLISupport
import Datasets
import ImageTypes
import Vision

struct EvalClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify",
    abstract: "Measure classes of whole pictures: top-1, top-5, and what was taken for what.",
    discussion: """
      The data is a folder with a folder of pictures for each class, or with a file classes.csv whose lines are a \
      picture's path and its class. Classes are matched by name; pictures of classes that the model does not know are left \
      out, and the model's other classes are wrong wherever it chooses them.

      FORMATS: text is a table. json is one object, with a row of the confusion matrix for each class: how many of its \
      pictures were taken for each class in their order, and last for none of them. csv is one figure a line under a \
      header line.
      """)

  @Option(
    help: ArgumentHelp(
      "A folder of pictures by class, or with classes.csv. May be given several times.", valueName: "folder"))
  var data: [String]

  @Option(help: ArgumentHelp("A classifier's name, or the path of a model file.", valueName: "name|path"))
  var model: String

  @Option(
    help: ArgumentHelp(
      "A file with a class name in each line, in the order of the outputs, in the place of the card's.",
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
      // The surest mistakes first.
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

import ArgumentParser
import CLISupport
import Datasets
import Evaluation
import Files
import Vision

struct EvalDetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Evaluate detection: COCO's twelve figures and Pascal VOC's average precision.",
    discussion: """
      Runs a model on the pictures of a data set, or reads detections from a COCO results \
      file. Classes are matched by name. A figure is the mean over the classes with ground truth; "-" means that there \
      is none. Difficult boxes and crowds are ignored. A model's 100 best boxes of each picture are used, at any \
      score.

      F1, precision and recall are at IoU 0.5 over all classes together; the score threshold is the one of the best \
      F1. A class also has its own best F1 and score threshold, and its F1, precision and recall at the common \
      threshold.

      FORMATS: text is a table. json is one object. csv is a header line and one figure per line.
      """)

  @Option(
    help: ArgumentHelp(
      """
      A folder of pictures and boxes, or the file that describes it: COCO, Pascal VOC, YOLO, LabelMe, CVAT, Supervisely \
      or _annotations.csv. May be given several times.
      """, valueName: "folder"))
  var data: [String] = []

  @Option(
    help: ArgumentHelp(
      "A COCO file of ground truth, without pictures; needs --predictions.", valueName: "json"))
  var truth: String?

  @Option(
    help: ArgumentHelp(
      "A model's name, or the path of a model file. (default: \(ModelChoice.detector))", valueName: "name|path"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Evaluate these detections instead of a model: a JSON array in COCO's results format.", valueName: "json"))
  var predictions: String?

  @Option(help: ArgumentHelp("Write the detections in this format.", valueName: "json"))
  var savePredictions: String?

  @Option(
    help: ArgumentHelp(
      "Score threshold of the detections, 0 to 1; average precision needs all of them. (default: 0)",
      valueName: "number"))
  var score: Float?

  @OptionGroup var options: EvalOptions

  func validate() throws {
    try options.check(data: data)
    switch (data.isEmpty, truth) {
    case (true, nil):
      throw ValidationError("Missing expected argument '--data <folder>', or --truth with --predictions")
    case (false, .some): throw ValidationError("--truth and --data both name the truth; leave one out")
    case (true, .some):
      if predictions == nil { throw ValidationError("--truth has no pictures to run a model on; add --predictions") }
      if !options.holdOut.isEmpty { throw ValidationError("--hold-out has no effect with --truth") }
      if options.strict { throw ValidationError("--strict has no effect with --truth") }
      if options.worst != nil { throw ValidationError("--worst has no effect with --truth, which has no pictures") }
    default: break
    }
    if let score, !(0...1).contains(score) { throw ValidationError("--score \(score): expected a number from 0 to 1") }
    guard predictions != nil else { return }
    if model != nil { throw ValidationError("--model has no effect with --predictions") }
    if savePredictions != nil { throw ValidationError("--save-predictions has no effect with --predictions") }
    if score != nil { throw ValidationError("--score has no effect with --predictions") }
    if options.views.isGiven { throw ValidationError("--views has no effect with --predictions") }
    if data.count > 1 { throw ValidationError("--predictions belong to one data set; name one --data") }
  }

  func run() throws {
    let console = Main.console
    if let savePredictions {
      // Checked before the work, not after it.
      try PictureOutputs.refuse(savePredictions, flag: "--save-predictions", inside: self.data)
      _ = try PictureOutputs(
        flag: "--save-predictions", value: savePredictions, inputs: PictureInputs(files: [""]), force: true)
    }
    var folder: OutputFolder?
    if let path = options.pictures { folder = try OutputFolder("--pictures", path, notIn: self.data) }
    var data = try read(on: console)
    var loop = EvalLoop(on: console)
    let answers: DetectionAnswers
    if let predictions {
      let results: [COCOResult]
      do { results = try COCOResult.read(predictions, limits: options.limits.limits) } catch {
        throw Failure(.inputs, told(error))
      }
      answers = DetectionAnswers(source: predictions, found: try data.found(in: results, of: predictions, on: console))
    } else {
      answers = try ask(ModelChoice.open(model ?? ModelChoice.detector, options.limits), about: &data, &loop)
    }
    guard !data.pictures.isEmpty else {
      throw Failure(.inputs, "no picture with boxes is left to measure; check --data, --hold-out and --limit")
    }
    let report = DetectionReport(answers, data, of: truth.map { [$0] } ?? self.data, failed: loop.failures)
    if let savePredictions { try save(answers.found, of: data, to: savePredictions) }
    if let folder {
      try report.drawCharts(in: folder)
      try DetectionGallery(report, data, options.limits).draw(options.worst ?? 8, in: folder)
    }
    try console.write(report.text(options.format))
    try loop.end(of: data.pictures.count + loop.failures, skipped: data.skipped)
  }

  private func ask(
    _ file: ModelFile, about data: inout DetectionData, _ loop: inout EvalLoop
  ) throws(Failure) -> DetectionAnswers {
    if let savePredictions {
      try PictureOutputs.refuse(savePredictions, flag: "--save-predictions", asOneOf: [file.path])
    }
    var wanted = DetectionAnswers.everything
    wanted.scoreThreshold = score ?? wanted.scoreThreshold
    wanted.views = options.views.chosen(else: wanted.views)
    return try DetectionAnswers(
      of: file, about: &data, wanted, threads: options.threads, limits: options.limits, &loop)
  }

  private func read(on console: Console) throws(Failure) -> DetectionData {
    let mapping = try options.mapping()
    var parts: [DetectionData] = []
    if let truth {
      do {
        let read = try COCOTruth.read(truth, limits: options.limits.limits)
        for error in read.dropped { console.note("left out: \(told(error))") }
        parts = [DetectionData(read)]
      } catch { throw Failure(.inputs, told(error)) }
    } else {
      parts = try options.open(data, on: console) { $0.withBoxes }.map(DetectionData.init)
    }
    if let mapping { for index in parts.indices { try parts[index].apply(mapping) } }
    var all = try DetectionData(joining: parts)
    if let limit = options.limit { all.pictures = Array(all.pictures.prefix(limit)) }
    return all
  }

  private func save(_ found: [[FoundBox]], of data: DetectionData, to path: String) throws(Failure) {
    let results = zip(data.pictures, found).flatMap { picture, boxes in
      let id: JSON =
        switch data.key(of: picture) {
        case .id(let id): .integer(id)
        case .name(let name): .string(name)
        }
      return boxes.map { box in
        let extent = box.extent
        return JSON.object([
          ("image_id", id), ("category_id", .integer(data.classes[box.classIndex].ids[0])),
          ("bbox", .array([extent.x, extent.y, extent.width, extent.height].map(JSON.double))),
          ("score", .double(box.score)),
        ])
      }
    }
    do {
      try Interrupt.shielded { () throws(FileError) in
        try AtomicFile.write(Array(JSON.lines(results).utf8), to: path)
      }
    } catch { throw Failure(.output, told(error)) }
  }
}

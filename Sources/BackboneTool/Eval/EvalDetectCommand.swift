import ArgumentParser
import CLISupport
import Datasets
import Evaluation
import Files
import Vision

struct EvalDetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Measure boxes: COCO's twelve figures and Pascal VOC's average precision.",
    discussion: """
      Runs a model over the pictures of a data set (COCO, Pascal VOC, YOLO), or takes detections from a file of COCO \
      results. Classes are matched by name. A figure is the mean over the classes that have a true box; "-" stands where \
      there is none. Difficult boxes and crowds count neither way.

      FORMATS: text is a table. json is one object. csv is one figure a line under a header line.
      """)

  @Option(
    help: ArgumentHelp(
      "A folder of pictures and truth: COCO, Pascal VOC or YOLO. May be given several times.", valueName: "folder"))
  var data: [String] = []

  @Option(
    help: ArgumentHelp(
      "A COCO file of truth, whose pictures need not be there; needs --predictions.", valueName: "json"))
  var truth: String?

  @Option(
    help: ArgumentHelp(
      "An installed model's name, or the path of a model file. (default: person-ssdlite)", valueName: "name|path"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Measure these results instead of a model: a JSON array as COCO's tools take it.", valueName: "json"))
  var predictions: String?

  @Option(help: ArgumentHelp("Write the detections as such an array.", valueName: "json"))
  var savePredictions: String?

  @Option(
    help: ArgumentHelp(
      "Let the model report detections with a score above this, 0 to 1. (default: the model's own)",
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

  /// Who found something, what it cannot find, and what it found in each picture.
  private struct Answers {
    let source: String
    var remarks: [String] = []
    let found: [[FoundBox]]
  }

  func run() throws {
    let console = Main.console
    if let savePredictions {
      // Refused before the work, not after it.
      try PictureOutputs.refuse(savePredictions, flag: "--save-predictions", inside: self.data)
      _ = try PictureOutputs(flag: "--save-predictions", value: savePredictions, inputs: [""], force: true)
    }
    var folder: OutputFolder?
    if let path = options.pictures { folder = try OutputFolder("--pictures", path, notIn: self.data) }
    var data = try read(on: console)
    var loop = EvalLoop(on: console)
    let answers: Answers
    if let predictions {
      let results: [COCOResult]
      do { results = try COCOResult.read(predictions, limits: options.limits.limits) } catch {
        throw Failure(.inputs, error.description)
      }
      answers = Answers(source: predictions, found: try data.found(in: results, of: predictions, on: console))
    } else {
      answers = try ask(ModelChoice.open(model ?? ModelChoice.detector, options.limits), about: &data, &loop)
    }
    guard !data.pictures.isEmpty else {
      throw Failure(.inputs, "no picture with boxes is left to measure; check --data, --hold-out and --limit")
    }
    let report = DetectionReport(
      data: truth.map { [$0] } ?? self.data, source: answers.source, classes: data.classes.map(\.name),
      remarks: answers.remarks, skipped: data.skipped + loop.failures,
      samples: zip(data.pictures, answers.found).map { BoxSample(truth: $0.truth, found: $1) })
    if let savePredictions { try save(answers.found, of: data, to: savePredictions) }
    if let folder {
      try report.drawCharts(in: folder)
      try DetectionGallery(report, data, options.limits).draw(options.worst ?? 8, in: folder)
    }
    try console.write(report.text(options.format))
    try loop.end(of: data.pictures.count + loop.failures, skipped: data.skipped)
  }

  /// Runs a model over the pictures; classes that it does not know go, and so do pictures that cannot be read.
  private func ask(
    _ file: ModelFile, about data: inout DetectionData, _ loop: inout EvalLoop
  ) throws(Failure) -> Answers {
    if let savePredictions {
      try PictureOutputs.refuse(savePredictions, flag: "--save-predictions", asOneOf: [file.path])
    }
    let detector: Detector
    do { detector = try Detector(file, threads: options.threads) } catch { throw Failure(.model, error.description) }
    let match = ClassMatch(data.classes, labels: detector.card.labels)
    try match.check(data.classes, model: detector.card.name)
    data.keep(match.known)
    var done: [(picture: DetectionData.Picture, found: [FoundBox])] = []
    let pictures = data.pictures
    try loop.run(pictures.count) { (index) throws(Failure) in
      done.append((pictures[index], try detect(in: pictures[index].sample!, with: detector, match)))
    }
    data.pictures = done.map(\.picture)
    return Answers(source: detector.card.name, remarks: match.remarks, found: done.map(\.found))
  }

  private func read(on console: Console) throws(Failure) -> DetectionData {
    let mapping = try options.mapping()
    var parts: [DetectionData] = []
    if let truth {
      do { parts = [DetectionData(try COCOTruth.read(truth, limits: options.limits.limits))] } catch {
        throw Failure(.inputs, error.description)
      }
    } else {
      parts = try options.open(data, on: console) { $0.withBoxes }.map(DetectionData.init)
    }
    if let mapping { for index in parts.indices { try parts[index].apply(mapping) } }
    var all = try DetectionData(joining: parts)
    if let limit = options.limit { all.pictures = Array(all.pictures.prefix(limit)) }
    return all
  }

  private func detect(
    in sample: Sample, with detector: Detector, _ match: ClassMatch
  ) throws(Failure) -> [FoundBox] {
    let image: Image
    do { image = try sample.readImage(limits: options.limits.limits) } catch {
      throw Failure(.inputs, error.description)
    }
    var wanted = DetectionOptions()
    wanted.scoreThreshold = score
    wanted.views = options.views.chosen(else: .whole)
    let found: [LabelledDetection]
    do { found = try detector.detect(image, wanted) } catch {
      throw Failure(.model, "\(sample.path): \(error.description)", stops: true)
    }
    return found.compactMap { one in
      match.placeOfOutput[one.output].map {
        FoundBox(classIndex: $0, score: Double(one.score), extent: Extent(one.box))
      }
    }
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
    } catch { throw Failure(.output, error.description) }
  }
}

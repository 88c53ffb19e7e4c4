import ArgumentParser
import CLISupport
import Datasets
import Evaluation
import Files
import ImageCodecs
import Vision

struct EvalSegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Evaluate segmentation: IoU by class, mean IoU, and pixel accuracy.",
    discussion: """
      Runs a model on the pictures of a data set with masks, or reads masks from a folder. Classes are matched by \
      name; a class that only one side has counts as background. Pixels with the ignore index 255 ("void") in the \
      ground truth are left out. A mean is over the classes that occur.

      FORMATS: text is a table. json is one object. csv is a header line and one figure per line.
      """)

  @Option(
    help: ArgumentHelp(
      """
      A folder of pictures and masks or outlines, or the file that describes it: images with masks, Pascal VOC, COCO, \
      YOLO, LabelMe, CVAT or Supervisely. May be given several times.
      """, valueName: "folder"))
  var data: [String]

  @Option(
    help: ArgumentHelp(
      "An installed model's name, or the path of a model file. (default: as for `segment`)",
      valueName: "name|path"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      """
      Evaluate the masks in this folder instead of a model: NAME.png for each picture, with the class ids of the data \
      set's own masks.
      """, valueName: "folder"))
  var predictions: String?

  @Option(help: ArgumentHelp("Write the masks to this folder in this format.", valueName: "folder"))
  var savePredictions: String?

  @OptionGroup var options: EvalOptions

  func validate() throws {
    try options.check(data: data)
    guard predictions != nil else { return }
    if model != nil { throw ValidationError("--model has no effect with --predictions") }
    if savePredictions != nil { throw ValidationError("--save-predictions has no effect with --predictions") }
    if options.views.isGiven { throw ValidationError("--views has no effect with --predictions") }
    if data.count > 1 { throw ValidationError("--predictions belong to one data set; name one --data") }
  }

  func run() throws {
    let console = Main.console
    func folder(_ flag: String, _ path: String?) throws(Failure) -> OutputFolder? {
      guard let path else { return nil }
      return try OutputFolder(flag, path, notIn: self.data + (predictions.map { [$0] } ?? []))
    }
    let drawn = try folder("--pictures", options.pictures)
    let saved = try folder("--save-predictions", savePredictions)
    let data = try SegmentationData(
      options.open(data, on: console) { $0.withMasks }, options.mapping(), limit: options.limit)
    guard !data.samples.isEmpty else {
      throw Failure(.inputs, "no picture with a mask is left to measure; check --data, --hold-out and --limit")
    }
    let predictor = try predictor(data)
    var ranking: [(index: Int, iou: Double)] = []
    var loop = EvalLoop(on: console)
    let report = try SegmentationReport(predictor, data, of: self.data, limits: options.limits, &loop) {
      (index, prediction, matrix) throws(Failure) in
      if let saved { try saved.write(predictor.stored(prediction), data.samples[index].name) }
      if let iou = matrix.meanIoU { ranking.append((index, iou)) }
    }
    guard loop.failures < data.samples.count else {
      throw loop.nothing(of: data.samples.count)
    }
    if let drawn {
      try report.drawCharts(in: drawn)
      ranking.sort { $0.iou != $1.iou ? $0.iou < $1.iou : $0.index < $1.index }
      for (rank, one) in ranking.prefix(options.worst ?? 8).enumerated() {
        let sample = data.samples[one.index]
        let (image, truth, prediction) = try predictor.masks(sample, options.limits)
        try report.drawCase(image, truth, prediction, named: sample.name, iou: one.iou, rank: rank + 1, in: drawn)
      }
    }
    try console.write(report.text(options.format))
    try loop.end(of: data.samples.count, skipped: data.skipped)
  }

  private func predictor(_ data: SegmentationData) throws(Failure) -> MaskPredictor {
    if let predictions {
      guard Folder.isFolder(predictions) else {
        throw Failure(
          .inputs, "\(predictions): is no folder, expected one with a mask for each picture; check the path")
      }
      return MaskPredictor(folder: predictions, data)
    }
    let file = try ModelChoice.open(model ?? ModelChoice.segmenter, options.limits)
    let segmenter: Segmenter
    do { segmenter = try Segmenter(file, threads: options.threads) } catch { throw Failure(.model, told(error)) }
    return try MaskPredictor(segmenter, options.views.chosen(else: .whole), data)
  }
}

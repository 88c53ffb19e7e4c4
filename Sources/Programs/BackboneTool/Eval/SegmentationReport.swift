import CLISupport
import Charts
import Evaluation
import Files
import ImageTypes
import ModelFiles
import Overlay

/// The figures of a segmenter's evaluation, and their formats.
struct SegmentationReport: EvalReport {
  static let digits = 4
  let data: [String]
  /// The model, or the folder of predictions.
  let source: String
  /// The classes, with the background first.
  let classes: [String]
  let remarks: [String]
  let pictures: Int
  /// The number of images that could not be measured.
  let skipped: Int
  let matrix: ConfusionMatrix

  /// Compares the predictions for a data set's images with the ground truth.
  ///
  /// - Parameters:
  ///   - names: the data sets.
  ///   - ended: called with the predicted mask and the confusion matrix of each image; a failure that it throws counts
  ///     as the image's.
  /// - Throws: the `Failure` that ends the evaluation.
  init(
    _ predictor: MaskPredictor, _ data: SegmentationData, of names: [String], limits: LimitOptions,
    _ loop: inout EvalLoop,
    ended: (_ index: Int, _ prediction: Mask, _ matrix: ConfusionMatrix) throws(Failure) -> Void = { _, _, _ in }
  ) throws(Failure) {
    var total = ConfusionMatrix(classes: predictor.classes.count)
    try loop.run(data.samples.count) { (index) throws(Failure) in
      let (_, truth, prediction) = try predictor.masks(data.samples[index], limits)
      var matrix = ConfusionMatrix(classes: predictor.classes.count)
      matrix.add(truth: truth, prediction: prediction)
      try ended(index, prediction, matrix)
      total.add(matrix)
    }
    self.data = names
    source = predictor.source
    classes = predictor.classes.map(\.name)
    remarks = predictor.remarks
    pictures = data.samples.count - loop.failures
    skipped = data.skipped + loop.failures
    matrix = total
  }

  /// The figures for the model's card, the most important first.
  var cardFigures: [MeasuredFigure] {
    let all = figures.compactMap { one in
      one.value.map { MeasuredFigure(metric: one.name, value: $0, images: pictures) }
    }
    return all
      + classes.indices.compactMap { index in
        matrix.iou(index).map {
          MeasuredFigure(metric: "IoU", className: classes[index], value: $0, images: pictures)
        }
      }
  }

  var figures: [(name: String, value: Double?)] {
    [
      ("mean IoU", matrix.meanIoU), ("pixel accuracy", matrix.pixelAccuracy),
      ("mean class accuracy", matrix.meanAccuracy),
    ]
  }

  func text(_ format: EvalFormat) -> String {
    switch format {
    case .text: return table
    case .csv:
      return csvFigures
        + classes.indices.map { index in
          [
            ("IoU", full(matrix.iou(index))), ("accuracy", full(matrix.accuracy(index))),
            ("true pixels", "\(matrix.truePixels(index))"), ("predicted pixels", "\(matrix.predictedPixels(index))"),
          ].map { csvRecord([classes[index], $0.0, $0.1]) }.joined()
        }.joined()
    case .json:
      return json(
        classes: classes.indices.map { index in
          .object([
            ("name", .string(classes[index])), ("IoU", json(matrix.iou(index))),
            ("accuracy", json(matrix.accuracy(index))), ("true pixels", .integer(matrix.truePixels(index))),
            ("predicted pixels", .integer(matrix.predictedPixels(index))),
          ])
        })
    }
  }

  /// The last lines of a training run.
  var summary: String {
    var table = TextTable([.left, .right])
    table.add(["class", "IoU"])
    for index in classes.indices { table.add([classes[index].onOneLine, number(matrix.iou(index))]) }
    return table.lines() + "  mean IoU \(number(matrix.meanIoU)) on \(pictures) pictures kept apart\n"
  }

  private var table: String {
    var all = TextTable([.left, .right])
    for figure in figures { all.add([figure.name, number(figure.value)]) }
    var table = TextTable([.left, .right, .right, .right, .right])
    table.add(["class", "IoU", "accuracy", "true pixels", "predicted pixels"])
    let shown = classes.indices.filter { matrix.iou($0) != nil }
    for index in shown {
      table.add([
        classes[index].onOneLine, number(matrix.iou(index)), number(matrix.accuracy(index)),
        "\(matrix.truePixels(index))", "\(matrix.predictedPixels(index))",
      ])
    }
    return heading() + "\n" + all.lines() + "\n" + table.lines()
      + (shown.count < classes.count ? "  \(classes.count - shown.count) classes that occur nowhere\n" : "")
  }

  /// Draws the confusion matrix.
  func drawCharts(in folder: OutputFolder) throws(Failure) {
    let shown = classes.indices.filter { matrix.iou($0) != nil }
    guard !shown.isEmpty else { return }
    let shares: [[Double?]] = shown.map { row in
      let sum = matrix.truePixels(row)
      return shown.map { sum == 0 ? nil : Double(matrix.count(truth: row, prediction: $0)) / Double(sum) }
    }
    let names = shown.map { classes[$0] }
    try folder.write(
      HeatMap(
        title: "Percent of the true pixels", rowsName: "truth", columnsName: "prediction", rows: names, columns: names,
        shares: shares
      ).image, "confusion")
  }

  /// Draws an image beside its ground truth and its prediction.
  func drawCase(
    _ image: Image, _ truth: Mask, _ prediction: Mask, named name: String, iou: Double, rank: Int,
    in folder: OutputFolder
  ) throws(Failure) {
    var (left, right) = (image, image)
    Overlay.blend(truth, into: &left)
    Overlay.blend(prediction, into: &right)
    let ids = Set(truth.ids).union(prediction.ids).sorted()
    let legend = ids.filter { $0 != 0 && Int($0) < classes.count }.map { (classes[Int($0)], Palette.voc[Int($0)]) }
    var sheet = Sheet(
      [
        Sheet.Panel(image: image, caption: name), Sheet.Panel(image: left, caption: "truth"),
        Sheet.Panel(image: right, caption: "prediction   IoU \(fixed(iou, 3))"),
      ], legend: legend + (ids.last == 255 ? [("does not count", Palette.voc[255])] : []))
    sheet.side = 520
    try folder.write(worst: sheet.image, rank, name)
  }
}

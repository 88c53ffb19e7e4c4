import CLISupport
import Charts
import Evaluation
import Files
import ModelFiles

/// The figures of a detector's evaluation, and their formats.
struct DetectionReport: EvalReport {
  static let digits = 3
  let data: [String]
  /// The model, or the file of predictions.
  let source: String
  let classes: [String]
  let remarks: [String]
  /// The number of images that could not be measured.
  let skipped: Int
  let samples: [BoxSample]
  var pictures: Int { samples.count }
  private let coco: COCOFigures
  private let voc: [PrecisionRecallCurve?]
  private let sweep: ScoreSweep
  /// The operating point of the best F1; `nil` without detections.
  let best: OperatingPoint?

  /// - Parameters:
  ///   - answers: the predictions for each image of the data.
  ///   - names: the data sets.
  ///   - failed: the number of images that could not be measured, in addition to `data.skipped`.
  init(_ answers: DetectionAnswers, _ data: DetectionData, of names: [String], failed: Int) {
    self.data = names
    source = answers.source
    classes = data.classes.map(\.name)
    remarks = answers.remarks
    skipped = data.skipped + failed
    samples = zip(data.pictures, answers.found).map { BoxSample(truth: $0.truth, found: $1) }
    coco = COCOEvaluation.figures(samples, classes: classes.count)
    voc = VOCEvaluation.curves(samples, classes: classes.count)
    sweep = ScoreSweep(samples, classes: classes.count)
    best = sweep.best()
  }

  /// The figures for the model's card, the most important first.
  var cardFigures: [MeasuredFigure] {
    func figure(_ one: (name: String, value: Double?), of name: String? = nil) -> MeasuredFigure? {
      one.value.map { MeasuredFigure(metric: one.name, className: name, value: $0, images: samples.count) }
    }
    let kept = ["AP50", "AP", "VOC 2010 mAP", "best F1", "precision", "recall"]
    return kept.compactMap { name in figures.first { $0.name == name }.flatMap { figure($0) } }
      + classes.indices.compactMap { figure(("AP50", coco.classes[$0].ap50), of: classes[$0]) }
  }

  /// COCO's twelve figures and VOC's two in the report's order, then the figures at the best threshold.
  var figures: [(name: String, value: Double?)] { averages + atBest(nil) }

  private var averages: [(name: String, value: Double?)] {
    func mean(_ values: [Double?]) -> Double? {
      let known = values.compactMap(\.self)
      return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
    return coco.all + [
      ("VOC 2007 mAP", mean(voc.map { $0?.elevenPointAveragePrecision })),
      ("VOC 2010 mAP", mean(voc.map { $0?.averagePrecision })),
    ]
  }

  /// The figures of a class, with their names in the report.
  private func figures(of index: Int) -> [(name: String, value: Double?)] {
    let one = coco.classes[index]
    return [
      ("AP", one.ap), ("AP50", one.ap50), ("AP75", one.ap75), ("AR100", one.ar100),
      ("VOC 2007 AP", voc[index]?.elevenPointAveragePrecision), ("VOC 2010 AP", voc[index]?.averagePrecision),
    ]
  }

  /// The best F1 of a class, or of all classes, with its threshold, and the figures at the threshold that is best for
  /// all classes.
  private func atBest(_ index: Int?) -> [(name: String, value: Double?)] {
    let own = sweep.best(classIndex: index)
    let common = best.map { sweep.point(above: $0.threshold, classIndex: index) }
    return [
      ("best F1", own?.f1), ("score threshold", own?.threshold), ("F1", common?.f1), ("precision", common?.precision),
      ("recall", common?.recall),
    ]
  }

  func text(_ format: EvalFormat) -> String {
    switch format {
    case .text: return table
    case .csv:
      return csvFigures
        + classes.indices.map { index in
          ([("boxes", "\(coco.classes[index].boxes)")]
            + (figures(of: index) + atBest(index)).map { ($0.name, full($0.value)) })
            .map { csvRecord([classes[index], $0.0, $0.1]) }.joined()
        }.joined()
    case .json:
      return json(
        classes: classes.indices.map { index in
          .object(
            [("name", .string(classes[index])), ("boxes", .integer(coco.classes[index].boxes))]
              + (figures(of: index) + atBest(index)).map { ($0.name, json($0.value)) })
        })
    }
  }

  private var table: String {
    let boxes = coco.classes.reduce(0) { $0 + $1.boxes }
    let notes = [
      "IoU 0.50 to 0.95", "IoU 0.50", "IoU 0.75", "up to 32x32 pixels", "up to 96x96", "larger",
      "1 detection a picture and class", "10 detections", "100 detections", "up to 32x32 pixels", "up to 96x96",
      "larger",
      "IoU 0.50, eleven points", "IoU 0.50, whole area",
    ]
    var all = TextTable([.left, .right, .left])
    for (figure, note) in zip(averages, notes) { all.add([figure.name, number(figure.value), note]) }
    return heading(", \(boxes) boxes") + "\n" + all.lines() + (thresholdLine.isEmpty ? "" : "\n" + thresholdLine) + "\n"
      + classTable
  }

  /// The last lines of a training run.
  var summary: String {
    let means = averages.filter { ["AP", "AP50", "VOC 2010 mAP"].contains($0.name) }
    return classTable + "  " + means.map { "\($0.name) \(number($0.value))" }.joined(separator: ", ")
      + " on \(samples.count) pictures kept apart\n" + thresholdLine
  }

  /// The line of the best F1 and its threshold; empty without detections.
  private var thresholdLine: String {
    guard let best else { return "" }
    return "  threshold \(best.threshold): best F1 \(number(best.f1)), precision \(number(best.precision)), "
      + "recall \(number(best.recall))\n"
  }

  private var classTable: String {
    var table = TextTable([.left] + [TextTable.Alignment](repeating: .right, count: 7))
    table.add(["class", "boxes", "AP", "AP50", "AP75", "AR100", "VOC 2007", "VOC 2010"])
    // Classes without ground truth have no figures; with eighty classes their lines would hide the others.
    let shown = classes.indices.filter { coco.classes[$0].boxes > 0 }
    for index in shown {
      table.add(
        [classes[index].onOneLine, "\(coco.classes[index].boxes)"] + figures(of: index).map { number($0.value) })
    }
    return table.lines()
      + (shown.count < classes.count ? "  \(classes.count - shown.count) classes without a box\n" : "")
  }

  /// Draws the precision-recall curves and the confusion matrix.
  func drawCharts(in folder: OutputFolder) throws(Failure) {
    let shown = classes.indices.filter { voc[$0] != nil }
    guard !shown.isEmpty else { return }
    // More than 20 curves are hard to distinguish: the classes with the most boxes are drawn.
    let most = shown.sorted { coco.classes[$0].boxes > coco.classes[$1].boxes }.prefix(20)
    let series = most.sorted { voc[$0]!.averagePrecision > voc[$1]!.averagePrecision }.map { index in
      let curve = voc[index]!
      let points = zip(curve.recalls, curve.precisions).map { LineChart.Series.Point(x: $0, y: $1) }
      return LineChart.Series(name: "\(classes[index]) \(fixed(curve.averagePrecision, 3))", points: points)
    }
    var title = "Precision and recall at IoU 0.5"
    if shown.count == 1 { title += ": \(series[0].name)" }
    if shown.count > series.count { title += ", the \(series.count) classes with most boxes" }
    try folder.write(
      LineChart(
        title: title, xName: "recall", yName: "precision", series: series, xRange: 0...1, yRange: 0...1
      ).image, "precision-recall")
    let counts = BoxVerdict.confusion(samples, classes: classes.count)
    let kept = shown + [classes.count]
    let names = shown.map { classes[$0] }
    let shares: [[Double?]] = kept.map { row in
      let sum = counts[row].reduce(0, +)
      return kept.map { row == classes.count && $0 == row || sum == 0 ? nil : Double(counts[row][$0]) / Double(sum) }
    }
    try folder.write(
      HeatMap(
        title: "Boxes at score 0.5 and IoU 0.5", rowsName: "truth", columnsName: "detection", rows: names + ["nothing"],
        columns: names + ["missed"], shares: shares, texts: kept.map { row in kept.map { "\(counts[row][$0])" } }
      ).image, "confusion")
  }
}

import CLISupport
import Charts
import Datasets
import Evaluation
import Files
import ImageTypes
import ModelFiles
import Vision

/// The figures of a classifier's evaluation, and their formats.
struct ClassificationReport: EvalReport {
  static let digits = 4
  let data: [String]
  /// The model's name.
  let source: String
  /// The measured classes.
  let classes: [String]
  let remarks: [String]
  let pictures: Int
  /// The number of images that could not be measured.
  let skipped: Int
  let matrix: ConfusionMatrix
  /// The number of images whose class is among the five best.
  private let amongFive: Int

  /// Runs a classifier on a data set's images.
  ///
  /// Images of classes that the model does not have are left out.
  /// - Parameters:
  ///   - names: the data sets.
  ///   - ended: called with the prediction for each image.
  /// - Throws: the `Failure` that ends the evaluation, also if model and data have no class in common.
  init(
    _ classifier: ImageClassifier, _ data: ClassificationData, of names: [String], limits: LimitOptions,
    _ loop: inout EvalLoop, ended: (ClassificationAnswer) -> Void = { _ in }
  ) throws(Failure) {
    let match = ClassMatch(data.classes, labels: classifier.card.labels)
    try match.check(data.classes, model: classifier.card.name)
    let place = Dictionary(uniqueKeysWithValues: match.known.enumerated().map { ($1, $0) })
    let measured = data.samples.indices.filter { place[data.samples[$0].classIndex] != nil }
    var matrix = ConfusionMatrix(classes: match.known.count)
    var amongFive = 0
    try loop.run(measured.count) { (number) throws(Failure) in
      let (sample, classIndex) = data.samples[measured[number]]
      let image: Image
      do throws(DatasetError) { image = try sample.readImage(limits: limits.limits) } catch {
        throw Failure(.inputs, told(error))
      }
      let found: [Classification]
      do throws(VisionError) { found = try classifier.classify(image, top: .max) } catch {
        throw Failure(.model, "\(sample.path): \(told(error))", stops: true)
      }
      let answer = ClassificationAnswer(
        index: measured[number], truth: place[classIndex]!, found: found,
        places: found.map { match.placeOfOutput[$0.output] })
      matrix.add(truth: answer.truth, prediction: answer.prediction)
      amongFive += answer.rank < 5 ? 1 : 0
      ended(answer)
    }
    self.data = names
    source = classifier.card.name
    classes = match.known.map { data.classes[$0].name }
    remarks = match.remarks
    pictures = measured.count - loop.failures
    skipped = data.skipped + loop.failures
    self.matrix = matrix
    self.amongFive = amongFive
  }

  /// The figures for the model's card, the most important first.
  var cardFigures: [MeasuredFigure] {
    figures.compactMap { one in one.value.map { MeasuredFigure(metric: one.name, value: $0, images: pictures) } }
      + classes.indices.compactMap { index in
        matrix.accuracy(index).map {
          MeasuredFigure(metric: "accuracy", className: classes[index], value: $0, images: pictures)
        }
      }
  }

  var figures: [(name: String, value: Double?)] {
    [
      ("top-1", matrix.pixelAccuracy), ("top-5", pictures == 0 ? nil : Double(amongFive) / Double(pictures)),
      ("mean class accuracy", matrix.meanAccuracy),
    ]
  }

  /// The wrong predictions for images of a class, the most frequent first.
  private func mistakes(_ index: Int) -> [(name: String, count: Int)] {
    (0...classes.count).filter { $0 != index }
      .map { ($0 < classes.count ? classes[$0] : "another class", matrix.count(truth: index, prediction: $0)) }
      .filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
  }

  func text(_ format: EvalFormat) -> String {
    switch format {
    case .text: return table
    case .csv:
      return csvFigures
        + classes.indices.map { index in
          csvRecord([classes[index], "accuracy", full(matrix.accuracy(index))])
            + csvRecord([classes[index], "pictures", "\(matrix.truePixels(index))"])
            + classes.indices.map {
              csvRecord([classes[index], "taken for \(classes[$0])", "\(matrix.count(truth: index, prediction: $0))"])
            }.joined()
            + csvRecord([
              classes[index], "taken for another class", "\(matrix.count(truth: index, prediction: classes.count))",
            ])
        }.joined()
    case .json:
      return json(
        classes: classes.indices.map { index in
          .object([
            ("name", .string(classes[index])), ("accuracy", json(matrix.accuracy(index))),
            ("pictures", .integer(matrix.truePixels(index))),
            // The columns are in the order of the classes; the last is for predictions of none of them.
            ("confusion", .array((0...classes.count).map { .integer(matrix.count(truth: index, prediction: $0)) })),
          ])
        })
    }
  }

  /// The last lines of a training run.
  var summary: String {
    byClass.lines() + "  top-1 \(number(matrix.pixelAccuracy)) on \(pictures) pictures kept apart\n"
  }

  private var byClass: TextTable {
    var table = TextTable([.left, .right, .right, .left])
    table.add(["class", "accuracy", "pictures", "taken for"])
    for index in classes.indices where matrix.truePixels(index) > 0 {
      let mistakes = mistakes(index).prefix(3).map { "\($0.name.onOneLine) \($0.count)" }.joined(separator: ", ")
      table.add([
        classes[index].onOneLine, number(matrix.accuracy(index)), "\(matrix.truePixels(index))", mistakes,
      ])
    }
    return table
  }

  private var table: String {
    var all = TextTable([.left, .right])
    for figure in figures { all.add([figure.name, number(figure.value)]) }
    return heading() + "\n" + all.lines() + "\n" + byClass.lines()
  }

  /// Draws the confusion matrix.
  func drawCharts(in folder: OutputFolder) throws(Failure) {
    let shown = classes.indices.filter { matrix.truePixels($0) > 0 || matrix.predictedPixels($0) > 0 }
    guard !shown.isEmpty else { return }
    let hasOthers = classes.indices.contains { matrix.count(truth: $0, prediction: classes.count) > 0 }
    let columns = shown + (hasOthers ? [classes.count] : [])
    let shares: [[Double?]] = shown.map { row in
      let sum = matrix.truePixels(row)
      return columns.map { sum == 0 ? nil : Double(matrix.count(truth: row, prediction: $0)) / Double(sum) }
    }
    try folder.write(
      HeatMap(
        title: "Percent of a class's pictures", rowsName: "truth", columnsName: "prediction",
        rows: shown.map { classes[$0] }, columns: columns.map { $0 < classes.count ? classes[$0] : "(another)" },
        shares: shares
      ).image, "confusion")
  }

  /// Draws an image with a wrong prediction.
  func drawCase(
    _ image: Image, _ answer: ClassificationAnswer, named name: String, rank: Int, in folder: OutputFolder
  ) throws(Failure) {
    let truth = answer.found[answer.rank]
    func caption(_ one: Classification) -> String { "\(one.label) \(fixed(Double(one.score), 2))" }
    var sheet = Sheet([
      Sheet.Panel(
        image: image, caption: "\(name)   \(caption(answer.found[0]))   truth \(caption(truth))")
    ])
    sheet.side = 520
    try folder.write(worst: sheet.image, rank, name)
  }
}

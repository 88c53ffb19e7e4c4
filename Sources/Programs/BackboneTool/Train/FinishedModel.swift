import CLISupport
import Datasets
import Evaluation
import ModelFiles
import Vision

/// A trained model before it is written, and its evaluation by the code and options of `eval`.
///
/// So training, evaluation and the card have bitwise equal figures.
struct FinishedModel {
  private(set) var card: ModelCard
  let weights: Weights
  private let base: ModelFile
  private let console: Console

  /// - Parameter base: the model on which it was trained.
  init(_ model: (card: ModelCard, weights: Weights), base: ModelFile, on console: Console) {
    (card, weights) = model
    self.base = base
    self.console = console
  }

  /// The model as an opened file.
  private var file: ModelFile {
    let file = ModelFile(path: card.name, card: card, weights: weights)
    return card.base == nil ? file : file.joined(with: base)
  }

  /// Evaluates a detector on the validation images, and puts the figures and the score of the best F1 into the card.
  ///
  /// - Returns: `nil` if no image can be measured.
  /// - Throws: `Failure` if the model cannot run.
  mutating func measureBoxes(
    on validation: Dataset, of names: [String], threads: Int?, limits: LimitOptions
  ) throws(Failure) -> DetectionReport? {
    guard !validation.samples.isEmpty else { return nil }
    var data = try DetectionData(joining: [DetectionData(validation)])
    var loop = EvalLoop(on: console)
    let answers = try DetectionAnswers(of: file, about: &data, threads: threads, limits: limits, &loop)
    guard !data.pictures.isEmpty else { return nil }
    let report = DetectionReport(answers, data, of: names, failed: loop.failures)
    card.figures = report.cardFigures
    card.detection?.recommendedScore = report.best.map { Float($0.threshold) }
    return report
  }

  /// Evaluates a classifier on the validation images, and puts the figures into the card.
  ///
  /// - Returns: `nil` if no image can be measured.
  /// - Throws: `Failure` if the model cannot run.
  mutating func measureClasses(
    on validation: Dataset, of names: [String], threads: Int?, limits: LimitOptions
  ) throws(Failure) -> ClassificationReport? {
    guard !validation.samples.isEmpty else { return nil }
    let classifier: ImageClassifier
    do { classifier = try ImageClassifier(file, threads: threads) } catch { throw Failure(.model, told(error)) }
    let data = try ClassificationData([validation], nil, limit: nil)
    var loop = EvalLoop(on: console)
    let report = try ClassificationReport(classifier, data, of: names, limits: limits, &loop)
    guard report.pictures > 0 else { return nil }
    card.figures = report.cardFigures
    return report
  }

  /// Evaluates a segmenter on the validation images, and puts the figures into the card.
  ///
  /// - Returns: `nil` if no image can be measured.
  /// - Throws: `Failure` if the model cannot run.
  mutating func measureMasks(
    on validation: Dataset, of names: [String], threads: Int?, limits: LimitOptions
  ) throws(Failure) -> SegmentationReport? {
    guard !validation.samples.isEmpty else { return nil }
    let segmenter: Segmenter
    do { segmenter = try Segmenter(file, threads: threads) } catch { throw Failure(.model, told(error)) }
    let data = try SegmentationData([validation], nil, limit: nil)
    var loop = EvalLoop(on: console)
    let report = try SegmentationReport(MaskPredictor(segmenter, .whole, data), data, of: names, limits: limits, &loop)
    guard report.pictures > 0 else { return nil }
    card.figures = report.cardFigures
    return report
  }
}

/// An operating point: precision, recall and F1 of the detections above one score.
public struct OperatingPoint: Hashable, Sendable {
  /// The score threshold, exclusive.
  public let threshold: Double
  /// The number of true positives.
  public let hits: Int
  /// The number of true and false positives.
  public let detections: Int
  /// The number of ground-truth boxes that count.
  public let positives: Int

  /// The precision, in [0, 1]; `nil` without detections.
  public var precision: Double? { detections > 0 ? Double(hits) / Double(detections) : nil }
  /// The recall, in [0, 1]; `nil` without ground truth.
  public var recall: Double? { positives > 0 ? Double(hits) / Double(positives) : nil }
  /// F1, the harmonic mean of both, in [0, 1]: `2 · hits / (detections + positives)`; `nil` without detections and
  /// ground truth.
  public var f1: Double? {
    detections + positives > 0 ? 2 * Double(hits) / Double(detections + positives) : nil
  }
}

/// Precision and recall at every score threshold, for each class and for all classes together.
///
/// Detections match as in COCO's AP50: IoU 0.5, the 100 best of a class and picture. Crowds and difficult boxes are
/// ignored. "All together" is the micro average: the sum of the counts of all classes, also of classes without ground
/// truth.
public struct ScoreSweep: Sendable {
  private let classes: [ClassOutcomes]
  private let all: ClassOutcomes

  /// Matches the detections of some pictures with their ground truth.
  ///
  /// - Parameter classes: the number of classes; boxes have indices below it.
  /// - Complexity: as `COCOEvaluation.figures`.
  public init(_ samples: [BoxSample], classes: Int) {
    self.classes = COCOEvaluation.outcomes(samples, classes: classes)
    all = ClassOutcomes(
      ranked: self.classes.flatMap(\.ranked).sortedDescending(by: \.score),
      positives: self.classes.reduce(0) { $0 + $1.positives })
  }

  private func outcomes(_ classIndex: Int?) -> ClassOutcomes { classIndex.map { classes[$0] } ?? all }

  /// The figures of the detections above a score.
  ///
  /// - Parameter classIndex: `nil` for all classes together.
  /// - Complexity: O(detections).
  public func point(above threshold: Double, classIndex: Int? = nil) -> OperatingPoint {
    let outcomes = outcomes(classIndex)
    let kept = outcomes.ranked.prefix { $0.score > threshold }
    return OperatingPoint(
      threshold: threshold, hits: kept.count(where: \.isHit), detections: kept.count, positives: outcomes.positives)
  }

  /// The threshold with the greatest F1, of equal ones the highest; `nil` without true positives.
  ///
  /// - Parameter classIndex: `nil` for all classes together.
  /// - Complexity: O(detections).
  public func best(classIndex: Int? = nil) -> OperatingPoint? {
    let outcomes = outcomes(classIndex)
    let ranked = outcomes.ranked
    var hits = 0
    var best: (hits: Int, count: Int)?
    for (index, outcome) in ranked.enumerated() {
      if outcome.isHit { hits += 1 }
      let count = index + 1
      // A threshold keeps either all detections of a score or none.
      if count < ranked.count, ranked[count].score == outcome.score { continue }
      // Products instead of quotients, so that equal ratios compare as equal.
      let known = best ?? (0, 0)
      if hits * (known.count + outcomes.positives) > known.hits * (count + outcomes.positives) { best = (hits, count) }
    }
    guard let best else { return nil }
    let threshold = ScoreSweep.threshold(
      keeping: ranked[best.count - 1].score, dropping: best.count < ranked.count ? ranked[best.count].score : nil)
    return OperatingPoint(
      threshold: threshold, hits: best.hits, detections: best.count, positives: outcomes.positives)
  }

  /// A number near the middle of two neighbouring scores, with as few decimals as separate them in single precision
  /// too.
  ///
  /// The printed number is then the threshold itself.
  private static func threshold(keeping score: Double, dropping other: Double?) -> Double {
    let low = other ?? min(0, score.nextDown)
    func separates(_ value: Double) -> Bool { value > low && value < score }
    let middle = low + (score - low) / 2
    var scale = 1.0
    for _ in 0..<9 {
      scale *= 10
      let value = (middle * scale).rounded() / scale
      if separates(value), separates(Double(Float(value))) { return value }
    }
    // No number lies between. Thresholds are exclusive, so the lower score itself is one.
    return low
  }
}

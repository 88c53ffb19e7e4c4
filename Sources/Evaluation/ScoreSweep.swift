/// Precision, recall and F1 of the detections above one score.
public struct OperatingPoint: Hashable, Sendable {
  /// Detections of a greater score count.
  public let threshold: Double
  /// Detections that found a true box.
  public let hits: Int
  /// Detections above the threshold that are right or wrong.
  public let detections: Int
  /// True boxes that count.
  public let positives: Int

  /// The share of the detections that are right, in [0, 1]; `nil` without any.
  public var precision: Double? { detections > 0 ? Double(hits) / Double(detections) : nil }
  /// The share of the true boxes that were found, in [0, 1]; `nil` without any.
  public var recall: Double? { positives > 0 ? Double(hits) / Double(positives) : nil }
  /// The harmonic mean of both, in [0, 1]: `2 · hits / (detections + positives)`; `nil` where there is nothing.
  public var f1: Double? {
    detections + positives > 0 ? 2 * Double(hits) / Double(detections + positives) : nil
  }
}

/// Precision and recall at every score threshold, for each class and for all classes together.
///
/// Detections match as in COCO's AP50: IoU 0.5, the 100 best of a class and picture; crowds and difficult boxes count
/// neither way. "All together" is the micro average: the counts of all classes added up, without a true box too.
public struct ScoreSweep: Sendable {
  private let classes: [ClassOutcomes]
  private let all: ClassOutcomes

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

  /// The threshold with the greatest F1, of equal ones the highest; `nil` where no detection is right.
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
      // A threshold keeps all detections of a score or none.
      if count < ranked.count, ranked[count].score == outcome.score { continue }
      // Products in place of quotients, so that equal ones are equal.
      let known = best ?? (0, 0)
      if hits * (known.count + outcomes.positives) > known.hits * (count + outcomes.positives) { best = (hits, count) }
    }
    guard let best else { return nil }
    let threshold = ScoreSweep.threshold(
      keeping: ranked[best.count - 1].score, dropping: best.count < ranked.count ? ranked[best.count].score : nil)
    return OperatingPoint(
      threshold: threshold, hits: best.hits, detections: best.count, positives: outcomes.positives)
  }

  /// A number near the middle of two neighbouring scores, with as few decimals as tell them apart in single precision too.
  ///
  /// What is printed is then the threshold itself.
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
    // No number lies between: a score must be greater, so the lower one itself will do.
    return low
  }
}

/// A precision-recall curve, with one point for each detection by descending score.
///
/// Average precisions are areas under it, by three conventions.
public struct PrecisionRecallCurve: Hashable, Sendable {
  /// A detection that counts.
  public struct Outcome: Hashable, Sendable {
    /// The detection's confidence score.
    public var score: Double
    /// Whether it is a true positive: the first match of a ground-truth box.
    public var isHit: Bool

    /// Creates the outcome of a detection.
    public init(score: Double, isHit: Bool) {
      self.score = score
      self.isHit = isHit
    }
  }

  /// The number of ground-truth boxes that count, at least 1.
  public let positives: Int
  /// The scores, in descending order.
  public let scores: [Double]
  /// The recall of the detections up to each score, in ascending order, in [0, 1].
  public let recalls: [Double]
  /// The precision of the detections up to each score, in [0, 1].
  public let precisions: [Double]

  /// The curve of some outcomes.
  ///
  /// - Parameters:
  ///   - ranked: the outcomes by descending score.
  ///   - positives: the number of ground-truth boxes that count, at least 1.
  /// - Complexity: O(`ranked.count`).
  public init(_ ranked: [Outcome], positives: Int) {
    precondition(positives > 0, "no curve without anything to find")
    self.positives = positives
    scores = ranked.map(\.score)
    var hits = 0.0
    var recalls: [Double] = []
    var precisions: [Double] = []
    for (index, outcome) in ranked.enumerated() {
      if outcome.isHit { hits += 1 }
      recalls.append(hits / Double(positives))
      // As in COCO's tools the divisor is a little greater, so that the results are equal.
      precisions.append(hits / (Double(index + 1) + .ulpOfOne))
    }
    self.recalls = recalls
    self.precisions = precisions
  }

  /// The recall with all detections; 0 without any.
  package var finalRecall: Double { recalls.last ?? 0 }

  /// The precision envelope, the greatest precision at each point or any later one, from which average precisions are
  /// computed.
  public var envelope: [Double] {
    var envelope = precisions
    for index in envelope.indices.dropLast().reversed() {
      envelope[index] = max(envelope[index], envelope[index + 1])
    }
    return envelope
  }

  /// The envelope at the first point of at least each recall; 0 where there is no such point.
  ///
  /// - Parameter grid: recalls in ascending order.
  /// - Complexity: O(points + `grid.count`).
  public func precisions(at grid: [Double]) -> [Double] {
    let envelope = envelope
    var index = 0
    return grid.map { recall in
      while index < recalls.count, recalls[index] < recall { index += 1 }
      return index < recalls.count ? envelope[index] : 0
    }
  }

  /// COCO's convention: the mean of the precisions at 101 recalls.
  public var cocoAveragePrecision: Double { precisions(at: COCOEvaluation.recallGrid).mean }

  /// The convention of VOC 2007: the mean of the precisions at the recalls 0, 0.1, and so on to 1.
  ///
  /// Source: Everingham et al.: The PASCAL Visual Object Classes Challenge, IJCV 2010, section 4.2.
  public var elevenPointAveragePrecision: Double {
    // Tenths are quotients, so that a recall of exactly 3 in 10 reaches the fourth of them.
    precisions(at: (0...10).map { Double($0) / 10 }).mean
  }

  /// The convention of VOC 2010 and later: the whole area under the envelope.
  public var averagePrecision: Double {
    var area = 0.0
    var last = 0.0
    for (recall, precision) in zip(recalls, envelope) {
      area += (recall - last) * precision
      last = recall
    }
    return area
  }
}

extension [Double] {
  /// The mean; `nan` for an empty array.
  var mean: Double { reduce(0, +) / Double(count) }
}

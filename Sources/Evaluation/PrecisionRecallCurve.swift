/// How precision changes with recall as ever less certain detections are taken in: one point for each detection.
///
/// Average precisions are areas under it, by three conventions.
public struct PrecisionRecallCurve: Hashable, Sendable {
  /// A detection that counts.
  public struct Outcome: Hashable, Sendable {
    public var score: Double
    /// Whether it found something that no better one had found.
    public var isHit: Bool

    public init(score: Double, isHit: Bool) {
      self.score = score
      self.isHit = isHit
    }
  }

  /// True boxes that count, at least 1.
  public let positives: Int
  /// Scores, never growing.
  public let scores: [Double]
  /// The share of the true boxes that the detections up to each score found, never falling, in [0, 1].
  public let recalls: [Double]
  /// The share of the detections up to each score that are right, in [0, 1].
  public let precisions: [Double]

  /// Adds up outcomes.
  ///
  /// - Parameters:
  ///   - ranked: by descending score.
  ///   - positives: the true boxes that count, at least 1.
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
      // COCO's tools divide by a little more, and so do we, to be equal to them.
      precisions.append(hits / (Double(index + 1) + .ulpOfOne))
    }
    self.recalls = recalls
    self.precisions = precisions
  }

  /// The recall with all detections; 0 without any.
  public var finalRecall: Double { recalls.last ?? 0 }

  /// The best precision at each point or any later one: what average precisions are taken from.
  public var envelope: [Double] {
    var envelope = precisions
    for index in envelope.indices.dropLast().reversed() {
      envelope[index] = max(envelope[index], envelope[index + 1])
    }
    return envelope
  }

  /// The envelope where the recall first reaches each of some values; 0 where it never does.
  ///
  /// - Parameter grid: recalls, growing.
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
    // Tenths as quotients, so that a recall of exactly 3 in 10 reaches the fourth of them.
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
  /// The mean; of nothing, `nan`.
  var mean: Double { reduce(0, +) / Double(count) }
}

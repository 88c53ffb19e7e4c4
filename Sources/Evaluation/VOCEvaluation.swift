/// Evaluates boxes by the rules of the Pascal VOC challenges.
///
/// The detections of a class over all pictures, by descending score, each look at the true box of its picture that they
/// overlap most. At an IoU of 0.5 or more it is found, once: a second detection of it is wrong. Finding a difficult box (or
/// a crowd, which VOC has none of) counts for nothing. Unlike COCO's rules a detection never turns to its second choice.
/// Source: the development kits of VOC 2007 and 2012, `VOCevaldet.m`.
public enum VOCEvaluation {
  /// Compares what was found with the truth, each class for itself.
  ///
  /// - Parameters:
  ///   - classes: how many there are; boxes have indices below that.
  ///   - threshold: the IoU at which a box is found.
  /// - Returns: each class's curve; `nil` where nothing is to be found. Its area is the class's average precision.
  /// - Complexity: O(classes · pictures + n log n + detections · true boxes of the same class and picture).
  public static func curves(
    _ samples: [BoxSample], classes: Int, threshold: Double = 0.5
  ) -> [PrecisionRecallCurve?] {
    samples.split(classes: classes).map { curve($0, threshold: threshold) }
  }

  private static func curve(_ samples: [BoxSample], threshold: Double) -> PrecisionRecallCurve? {
    let positives = samples.reduce(0) { $0 + $1.truth.count { !$0.isIgnored } }
    guard positives > 0 else { return nil }
    let found = samples.enumerated().flatMap { picture, sample in sample.found.map { (picture: picture, box: $0) } }
    var taken = samples.map { [Bool](repeating: false, count: $0.truth.count) }
    var outcomes: [PrecisionRecallCurve.Outcome] = []
    for (picture, box) in found.sortedDescending(by: \.box.score) {
      let truth = samples[picture].truth
      var best: (overlap: Double, index: Int)?
      for (index, candidate) in truth.enumerated() {
        let overlap = box.extent.overlap(with: candidate.extent)
        if overlap > best?.overlap ?? 0 { best = (overlap, index) }
      }
      var isHit = false
      if let best, best.overlap >= threshold {
        if truth[best.index].isIgnored { continue }
        isHit = !taken[picture][best.index]
        taken[picture][best.index] = true
      }
      outcomes.append(PrecisionRecallCurve.Outcome(score: box.score, isHit: isHit))
    }
    return PrecisionRecallCurve(outcomes, positives: positives)
  }
}

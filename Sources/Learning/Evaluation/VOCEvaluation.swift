/// Box evaluation by the rules of the Pascal VOC challenges.
///
/// The detections of a class over all pictures, by descending score, are each compared with the ground-truth box of the
/// greatest IoU. At an IoU of 0.5 or more the first one is a true positive, and later ones of the same box are false
/// positives. A match of a difficult box (or a crowd, which VOC does not have) has no effect. Unlike COCO's rules, a
/// detection never matches the box of the second greatest IoU.
/// Source: the development kits of VOC 2007 and 2012, `VOCevaldet.m`.
public enum VOCEvaluation {
  /// The curves of detections against ground truth, each class by itself.
  ///
  /// - Parameters:
  ///   - classes: the number of classes; boxes have indices below it.
  ///   - threshold: the least IoU of a match.
  /// - Returns: each class's curve; `nil` where there is no ground truth. Its area is the class's average precision.
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

/// Box evaluation by COCO's rules, equal to COCO's own tools in every number.
///
/// For each class and picture the 100 best detections are matched in the order of their scores. Each takes the
/// unmatched ground-truth box of the greatest IoU, if that reaches a threshold. There are ten thresholds, 0.5 to 0.95.
/// Crowds, difficult boxes and boxes outside the range of areas are matched only where no other box is left, and have
/// no effect.
/// Source: Lin et al.: Microsoft COCO: Common Objects in Context, and cocodataset.org, Detection Evaluation.
public enum COCOEvaluation {
  /// The greatest number of detections of a class and picture, the best first.
  public static let maximumDetections = 100

  /// Ranges of areas in pixels, both ends inside.
  package enum AreaRange: Int, Hashable, Sendable, CaseIterable {
    /// All areas: 0 to 10^10 square pixels.
    case all
    /// Up to 32x32 pixels: 0 to 1,024 square pixels.
    case small
    /// From 32x32 to 96x96 pixels: 1,024 to 9,216 square pixels.
    case medium
    /// From 96x96 pixels on: 9,216 to 10^10 square pixels.
    case large

    func contains(_ area: Double) -> Bool {
      switch self {
      case .all: area >= 0 && area <= 1e10
      case .small: area >= 0 && area <= 1024
      case .medium: area >= 1024 && area <= 9216
      case .large: area >= 9216 && area <= 1e10
      }
    }
  }

  /// The ten IoU thresholds from 0.5 to 0.95; 0.5 and 0.75 have the indices 0 and 5.
  ///
  /// Multiples of a step, as NumPy's `linspace` makes them: the last bit can decide.
  public static let thresholds: [Double] = grid(from: 0.5, to: 0.95, count: 10)

  /// The 101 recalls from 0 to 1 at which precisions are averaged, made likewise.
  package static let recallGrid: [Double] = grid(from: 0, to: 1, count: 101)

  private static func grid(from first: Double, to last: Double, count: Int) -> [Double] {
    let step = (last - first) / Double(count - 1)
    return (0..<count - 1).map { Double($0) * step + first } + [last]
  }

  /// The figures of detections against ground truth.
  ///
  /// - Parameters:
  ///   - samples: the pictures; between detections of equal score in two pictures the earlier one goes first. COCO's
  ///     tools take pictures by ascending id.
  ///   - classes: the number of classes; boxes have indices below it.
  /// - Complexity: O(classes · pictures + detections · true boxes of the same class and picture).
  public static func figures(_ samples: [BoxSample], classes: Int) -> COCOFigures {
    COCOFigures(classes: samples.split(classes: classes).map(ClassTally.init).map(\.figures))
  }

  /// The precision-recall curve of each class, all areas; `nil` where there is no ground truth.
  ///
  /// - Parameters:
  ///   - classes: the number of classes; boxes have indices below it.
  ///   - threshold: the index of the IoU threshold in `thresholds`, 0 to 9.
  public static func curves(
    _ samples: [BoxSample], classes: Int, threshold: Int = 0
  ) -> [PrecisionRecallCurve?] {
    samples.split(classes: classes).map { samples in
      AreaTally(samples.map(ClassMatcher.init), .all).curve(threshold: threshold, best: maximumDetections)
    }
  }

  /// Each class's detections that count at an IoU of 0.5, and the number of ground-truth boxes that count, all areas.
  static func outcomes(_ samples: [BoxSample], classes: Int) -> [ClassOutcomes] {
    samples.split(classes: classes).map { samples in
      AreaTally(samples.map(ClassMatcher.init), .all).outcomes(threshold: 0, best: maximumDetections)
    }
  }
}

/// The matched outcomes of a class's detections.
struct ClassOutcomes: Sendable {
  /// The detections that count, by descending score.
  let ranked: [PrecisionRecallCurve.Outcome]
  /// The number of ground-truth boxes that count.
  let positives: Int
}

extension [BoxSample] {
  /// For each class, the pictures with boxes of it, restricted to these.
  func split(classes: Int) -> [[BoxSample]] {
    var split = [[BoxSample]](repeating: [], count: classes)
    // The picture of each class's last part.
    var last = [Int](repeating: -1, count: classes)
    for (picture, sample) in enumerated() {
      func part(of index: Int) {
        precondition((0..<classes).contains(index), "class \(index) of \(classes)")
        if last[index] != picture { split[index].append(BoxSample(truth: [], found: [])) }
        last[index] = picture
      }
      for box in sample.truth {
        part(of: box.classIndex)
        split[box.classIndex][split[box.classIndex].count - 1].truth.append(box)
      }
      for box in sample.found {
        part(of: box.classIndex)
        split[box.classIndex][split[box.classIndex].count - 1].found.append(box)
      }
    }
    return split
  }
}

/// One class over all pictures.
private struct ClassTally {
  let areas: [AreaTally]
  let boxes: Int

  init(_ samples: [BoxSample]) {
    let matchers = samples.map(ClassMatcher.init)
    areas = COCOEvaluation.AreaRange.allCases.map { AreaTally(matchers, $0) }
    boxes = samples.reduce(0) { $0 + $1.truth.count { !$0.isIgnored } }
  }

  var figures: COCOFigures.OfClass {
    COCOFigures.OfClass(
      boxes: boxes, precision: areas.map(\.averagePrecisions),
      recall: [1, 10].map { areas[0].recalls(best: $0) } + areas.map { $0.recalls(best: 100) })
  }
}

/// One class over all pictures, restricted to one range of areas.
private struct AreaTally {
  /// The detections of all pictures by descending score.
  let ranked: [ClassMatcher.Outcome]
  /// The number of ground-truth boxes that count.
  let positives: Int

  init(_ matchers: [ClassMatcher], _ range: COCOEvaluation.AreaRange) {
    var outcomes: [ClassMatcher.Outcome] = []
    var positives = 0
    for matcher in matchers {
      positives += matcher.positives(range)
      outcomes += matcher.outcomes(range)
    }
    ranked = outcomes.sortedDescending(by: \.score)
    self.positives = positives
  }

  /// The outcomes of the `best` detections of each picture, without ignored ones.
  func outcomes(threshold: Int, best: Int) -> ClassOutcomes {
    let bit: UInt16 = 1 << UInt16(threshold)
    let counted = ranked.filter { $0.rank < best && $0.ignored & bit == 0 }
    return ClassOutcomes(
      ranked: counted.map { PrecisionRecallCurve.Outcome(score: $0.score, isHit: $0.hits & bit != 0) },
      positives: positives)
  }

  /// The curve with the `best` detections of each picture; `nil` where there is no ground truth.
  func curve(threshold: Int, best: Int) -> PrecisionRecallCurve? {
    guard positives > 0 else { return nil }
    return PrecisionRecallCurve(outcomes(threshold: threshold, best: best).ranked, positives: positives)
  }

  /// The average precision by threshold; `nil` where there is no ground truth.
  var averagePrecisions: [Double]? {
    positives == 0
      ? nil
      : COCOEvaluation.thresholds.indices.map {
        curve(threshold: $0, best: COCOEvaluation.maximumDetections)!.cocoAveragePrecision
      }
  }

  func recalls(best: Int) -> [Double]? {
    positives == 0
      ? nil : COCOEvaluation.thresholds.indices.map { curve(threshold: $0, best: best)!.finalRecall }
  }
}

/// The verdict on each box of one picture at a single score and IoU, for drawings and confusion matrices.
///
/// Detections, by descending score, each match the unmatched ground-truth box of their class with the greatest IoU.
public struct BoxVerdict: Hashable, Sendable {
  /// The verdict on a detection.
  public enum Found: Hashable, Sendable {
    /// It matches a ground-truth box of its class.
    case right
    /// It matches no ground-truth box that is left to it.
    case wrong
    /// It matches a crowd or a difficult box.
    case ignored
    /// Its score is below the minimum.
    case unsure
  }

  /// The verdict on each detection of the sample.
  public let found: [Found]
  /// The indices of the unmatched ground-truth boxes, without ignored ones.
  public let missed: [Int]

  /// Judges the detections of a picture.
  ///
  /// - Parameters:
  ///   - threshold: the least IoU of a match, in (0, 1].
  ///   - minimumScore: the least score of a detection.
  /// - Complexity: O(detections · true boxes).
  public init(_ sample: BoxSample, threshold: Double = 0.5, minimumScore: Double = 0.5) {
    var found = [Found](repeating: .unsure, count: sample.found.count)
    var taken = [Bool](repeating: false, count: sample.truth.count)
    for index in sample.found.indices.sortedDescending(by: { sample.found[$0].score }) {
      let box = sample.found[index]
      guard box.score >= minimumScore else { continue }
      var best: (overlap: Double, index: Int)?
      var ignored = false
      for (place, truth) in sample.truth.enumerated() where truth.classIndex == box.classIndex {
        let overlap = box.extent.overlap(with: truth.extent, crowd: truth.isCrowd)
        guard overlap >= threshold else { continue }
        if truth.isIgnored {
          ignored = true
        } else if !taken[place], overlap > best?.overlap ?? 0 {
          best = (overlap, place)
        }
      }
      if let best { taken[best.index] = true }
      found[index] = best != nil ? .right : ignored ? .ignored : .wrong
    }
    self.found = found
    missed = sample.truth.indices.filter { !taken[$0] && !sample.truth[$0].isIgnored }
  }

  /// The confusion matrix of some pictures: a row for each ground-truth class, a column for each predicted one.
  ///
  /// The last row counts false positives without a ground-truth box, the last column missed boxes. Here a detection may
  /// match a ground-truth box of any class.
  ///
  /// - Parameters:
  ///   - classes: the number of classes; boxes have indices below it.
  ///   - threshold: the least IoU of a match, in (0, 1].
  ///   - minimumScore: the least score of a detection.
  /// - Complexity: O(detections · true boxes of the same picture).
  public static func confusion(
    _ samples: [BoxSample], classes: Int, threshold: Double = 0.5, minimumScore: Double = 0.5
  ) -> [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes + 1), count: classes + 1)
    for sample in samples {
      var free = sample.truth.map { !$0.isIgnored }
      for box in sample.found.sortedDescending(by: \.score) where box.score >= minimumScore {
        let near = sample.truth.indices.map { place -> (place: Int, overlap: Double) in
          let truth = sample.truth[place]
          return (place, box.extent.overlap(with: truth.extent, crowd: truth.isCrowd))
        }.filter { $0.overlap >= threshold }
        // A box of its own class has precedence.
        let candidates = near.filter { free[$0.place] }
        let own = candidates.filter { sample.truth[$0.place].classIndex == box.classIndex }
        if let match = (own.isEmpty ? candidates : own).max(by: { $0.overlap < $1.overlap }) {
          free[match.place] = false
          counts[sample.truth[match.place].classIndex][box.classIndex] += 1
        } else if !near.contains(where: { sample.truth[$0.place].isIgnored }) {
          counts[classes][box.classIndex] += 1
        }
      }
      for (place, truth) in sample.truth.enumerated() where free[place] { counts[truth.classIndex][classes] += 1 }
    }
    return counts
  }
}

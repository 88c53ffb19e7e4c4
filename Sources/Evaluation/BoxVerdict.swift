/// What became of each box of one picture at a single score and IoU: for pictures that show it, and for tables of confusion.
///
/// Detections by descending score each take the free true box of their class that they overlap most.
public struct BoxVerdict: Hashable, Sendable {
  /// What a detection is.
  public enum Found: Hashable, Sendable {
    case right, wrong
    /// It found a crowd or a difficult box.
    case ignored
    /// Its score is too low to look at it.
    case unsure
  }

  /// For each detection of the sample.
  public let found: [Found]
  /// The true boxes that count and that nothing found, by their places in the sample.
  public let missed: [Int]

  /// - Parameters:
  ///   - threshold: the least IoU at which a box is found.
  ///   - minimumScore: the least score of detections that are looked at.
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

  /// How often each class was taken for each, over some pictures: a row for each true class, a column for each found one.
  ///
  /// The last row counts detections of what is nothing, the last column what nothing found. Here a detection may take a true
  /// box of any class.
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
        // One of its own class goes before others.
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

/// The matching of one class's detections in one picture with the ground truth, at all thresholds.
struct ClassMatcher {
  /// The outcome of a detection, with a bit for each threshold.
  struct Outcome {
    let score: Double
    /// Its place among the picture's detections of the class, from 0.
    let rank: Int
    /// Whether it matches a ground-truth box.
    let hits: UInt16
    /// Whether it is ignored.
    let ignored: UInt16
  }

  private let truth: [TrueBox]
  /// The best ones, by descending score.
  private let found: [FoundBox]
  /// Overlaps, a row for each detection.
  private let overlaps: [Double]

  init(_ sample: BoxSample) {
    truth = sample.truth
    found = Array(sample.found.sortedDescending(by: \.score).prefix(COCOEvaluation.maximumDetections))
    var overlaps: [Double] = []
    overlaps.reserveCapacity(found.count * truth.count)
    for box in found {
      for true_ in truth { overlaps.append(box.extent.overlap(with: true_.extent, crowd: true_.isCrowd)) }
    }
    self.overlaps = overlaps
  }

  private func counts(_ box: TrueBox, _ range: COCOEvaluation.AreaRange) -> Bool {
    !box.isIgnored && range.contains(box.area)
  }

  /// The number of ground-truth boxes that count.
  func positives(_ range: COCOEvaluation.AreaRange) -> Int { truth.count { counts($0, range) } }

  /// The outcome of each detection, by descending score.
  func outcomes(_ range: COCOEvaluation.AreaRange) -> [Outcome] {
    // Ground-truth boxes that count come first, so that a detection matches ignored ones last.
    let order = truth.indices.filter { counts(truth[$0], range) } + truth.indices.filter { !counts(truth[$0], range) }
    let counted = positives(range)
    var hits = [UInt16](repeating: 0, count: found.count)
    var ignored = hits
    for (place, threshold) in COCOEvaluation.thresholds.enumerated() {
      let bit: UInt16 = 1 << UInt16(place)
      var taken = [Bool](repeating: false, count: order.count)
      for index in found.indices {
        guard let match = match(index, order, counted: counted, taken: taken, threshold: threshold) else { continue }
        taken[match] = true
        hits[index] |= bit
        if match >= counted { ignored[index] |= bit }
      }
    }
    let all: UInt16 = 1 << UInt16(COCOEvaluation.thresholds.count) - 1
    return found.indices.map { index in
      // An unmatched detection outside the range of areas is ignored.
      if !range.contains(found[index].extent.area) { ignored[index] |= ~hits[index] & all }
      return Outcome(score: found[index].score, rank: index, hits: hits[index], ignored: ignored[index])
    }
  }

  /// The ground-truth box that a detection matches, by its index in `order`.
  private func match(
    _ index: Int, _ order: [Int], counted: Int, taken: [Bool], threshold: Double
  ) -> Int? {
    var best: Int?
    var least = min(threshold, 1 - 1e-10)
    for (place, box) in order.enumerated() {
      if taken[place] && !truth[box].isCrowd { continue }
      if let best, best < counted, place >= counted { break }
      let overlap = overlaps[index * truth.count + box]
      // Of equal overlaps the later one is matched.
      if overlap >= least { (least, best) = (overlap, place) }
    }
    return best
  }
}

import Evaluation
import TestSupport
import Testing

/// The threshold of the best F1 against an exhaustive search, and against sets computed by hand.
@Suite struct ScoreSweepTests {
  /// The numbers of correct, wrong and possible detections at a threshold, counted from the boxes by an independent
  /// matching.
  private func count(
    _ samples: [BoxSample], from least: Double, classes: Range<Int>
  ) -> (hits: Int, wrong: Int, truths: Int) {
    var (hits, wrong, truths) = (0, 0, 0)
    for sample in samples {
      for index in classes {
        let truth = sample.truth.filter { $0.classIndex == index }
        truths += truth.count { !$0.isCrowd && !$0.isDifficult }
        var free = [Bool](repeating: true, count: truth.count)
        let found = sample.found.filter { $0.classIndex == index }.enumerated()
          .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
        for box in found.prefix(100) where box.score >= least {
          func best(_ wanted: (TrueBox) -> Bool) -> Int? {
            var best: (overlap: Double, place: Int)?
            for (place, one) in truth.enumerated() where wanted(one) && (free[place] || one.isCrowd) {
              let overlap = box.extent.overlap(with: one.extent, crowd: one.isCrowd)
              if overlap >= best?.overlap ?? 0.5 { best = (overlap, place) }
            }
            return best?.place
          }
          if let place = best({ !$0.isCrowd && !$0.isDifficult }) {
            free[place] = false
            hits += 1
          } else if let place = best({ $0.isCrowd || $0.isDifficult }) {
            free[place] = false
          } else {
            wrong += 1
          }
        }
      }
    }
    return (hits, wrong, truths)
  }

  @Test("no threshold has a better F1 than the chosen one, for random boxes with crowds and ties")
  func bruteForce() throws {
    let golden: BoxGolden = try Golden.load("evaluation_boxes.json")
    var chosen = 0
    for one in golden.cases {
      let samples = one.samples()
      let sweep = ScoreSweep(samples, classes: one.classes)
      let scores = Set(samples.flatMap(\.found).map(\.score)).sorted(by: >)
      for index in [nil] + (0..<one.classes).map(Optional.some) {
        let range = index.map { $0..<$0 + 1 } ?? 0..<one.classes
        var best: (f1: Double, score: Double)?
        for score in scores {
          let (hits, wrong, truths) = count(samples, from: score, classes: range)
          guard hits > 0 else { continue }
          // The definition of F1: the harmonic mean of precision and recall.
          let (precision, recall) = (Double(hits) / Double(hits + wrong), Double(hits) / Double(truths))
          let f1 = 2 * precision * recall / (precision + recall)
          if f1 > (best?.f1 ?? 0) + 1e-12 { best = (f1, score) }
        }
        let found = sweep.best(classIndex: index)
        guard let best else {
          #expect(found == nil, "\(one.name)")
          continue
        }
        let point = try #require(found, "\(one.name)")
        chosen += 1
        #expect(abs(point.f1! - best.f1) < 1e-12, "\(one.name): \(point) for \(best)")
        #expect(point.threshold < best.score)
        #expect(sweep.point(above: point.threshold, classIndex: index) == point)
        let (hits, wrong, truths) = count(samples, from: point.threshold.nextUp, classes: range)
        #expect(point.hits == hits && point.detections == hits + wrong && point.positives == truths)
        #expect(abs(point.precision! - Double(hits) / Double(hits + wrong)) < 1e-15)
        #expect(abs(point.recall! - Double(hits) / Double(truths)) < 1e-15)
      }
    }
    #expect(chosen > 10)
  }

  // MARK: By hand

  /// Disjoint boxes of a class, some with an exact detection and some with one beside them.
  private func sample(_ scores: [(score: Double, isHit: Bool)], missed: Int = 0, classIndex: Int = 0) -> BoxSample {
    func place(_ index: Int, _ y: Double) -> Extent { Extent(x: Double(index) * 20, y: y, width: 10, height: 10) }
    let hits = scores.indices.filter { scores[$0].isHit }
    return BoxSample(
      truth: (hits + (0..<missed).map { 1000 + $0 }).map { TrueBox(classIndex: classIndex, extent: place($0, 0)) },
      found: scores.enumerated().map { index, one in
        FoundBox(classIndex: classIndex, score: one.score, extent: place(index, one.isHit ? 0 : 50))
      })
  }

  @Test("a set whose best threshold is obvious")
  func byHand() throws {
    // F1 by the number of kept detections: 2/4, 2/5, 4/6, 4/7, 4/8.
    let scores = [(0.9, true), (0.8, false), (0.7, true), (0.6, false), (0.5, false)]
    let sweep = ScoreSweep([sample(scores, missed: 1)], classes: 1)
    let best = try #require(sweep.best())
    #expect(best.f1 == 4.0 / 6 && best.precision == 2.0 / 3 && best.recall == 2.0 / 3)
    #expect(best.threshold == 0.65)
    #expect(sweep.point(above: 0.75).f1 == 2.0 / 5 && sweep.point(above: 0).detections == 5)
    // A score equal to the threshold does not pass.
    #expect(sweep.point(above: 0.7).detections == 2 && sweep.point(above: 1).precision == nil)
    // Of equal values the highest threshold: 2/3 with one detection, and 4/6 with four.
    let equal = [(0.9, true), (0.8, false), (0.7, false), (0.6, true)]
    #expect(ScoreSweep([sample(equal)], classes: 1).best()?.detections == 1)
    // If all are correct, all are kept.
    let right = try #require(ScoreSweep([sample([(0.9, true), (0.4, true)])], classes: 1).best())
    #expect(right.f1 == 1 && right.threshold == 0.2)
  }

  @Test("detections of equal score are kept or dropped together, over images and classes")
  func ties() throws {
    let samples = [
      sample([(0.9, true), (0.5, true), (0.5, false), (0.5, false), (0.5, false), (0.5, false)]),
      sample([(0.5, false)], classIndex: 1),
    ]
    let sweep = ScoreSweep(samples, classes: 2)
    // The correct one of score 0.5 comes with five wrong ones: 4/9 against 2/3. A class without ground truth counts
    // too.
    #expect(sweep.best()?.detections == 1 && sweep.point(above: 0.4).detections == 7)
    #expect(sweep.best(classIndex: 1) == nil && sweep.best(classIndex: 0)?.threshold == 0.7)
    #expect(ScoreSweep([], classes: 1).best() == nil && ScoreSweep([], classes: 1).point(above: 0).f1 == nil)
    #expect(ScoreSweep([sample([], missed: 3)], classes: 1).best() == nil)
  }

  @Test("a threshold between neighbouring scores separates them in single precision")
  func neighbours() throws {
    let low: Float = 0.41
    for high in [low.nextUp, low.nextUp.nextUp, low + 1e-5] {
      let samples = [sample([(Double(high), true), (Double(low), false)])]
      let best = try #require(ScoreSweep(samples, classes: 1).best())
      let stored = Float(best.threshold)
      #expect(best.f1 == 1 && high > stored && !(low > stored), "\(best.threshold)")
    }
  }
}

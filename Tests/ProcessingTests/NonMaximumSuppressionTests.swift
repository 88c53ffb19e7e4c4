import ImageTypes
import Processing
import TestSupport
import Testing

@Suite struct NonMaximumSuppressionTests {
  /// The definition: all boxes are sorted, and each is compared with all kept ones.
  private func oracle(_ candidates: [BoxCandidate], _ rule: NonMaximumSuppression) -> [BoxCandidate] {
    let usable = candidates.filter { candidate in
      let box = candidate.box
      return candidate.score.isFinite && [box.x1, box.y1, box.x2, box.y2].allSatisfy(\.isFinite) && box.x1 < box.x2
        && box.y1 < box.y2
    }
    let sorted = usable.sorted { ($1.score, $0.output, $0.anchor) < ($0.score, $1.output, $1.anchor) }
    var kept = [BoxCandidate]()
    for candidate in sorted {
      let rivals = kept.filter { rule.mode == .agnostic || $0.output == candidate.output }
      if !rivals.contains(where: { $0.box.iou(with: candidate.box) > rule.iouThreshold }) { kept.append(candidate) }
    }
    return Array(kept.prefix(rule.limit))
  }

  private func randomDetection(_ generator: inout SplitMix64, anchor: Int) -> BoxCandidate {
    func coordinate() -> Float {
      switch generator.integer(in: 0...60) {
      case 0: return .nan
      case 1: return .infinity
      case 2: return -.infinity
      case 3: return .greatestFiniteMagnitude
      default: return Float(generator.integer(in: -2...12)) / 10 + generator.unit() * 0.05
      }
    }
    // Few different scores, so that many are equal.
    let scores: [Float] = [0, 0.25, 0.5, 0.5, 0.75, 1, .nan, .infinity, -0.0]
    return BoxCandidate(
      output: generator.integer(in: 1...3), score: scores[generator.integer(in: 0...scores.count - 1)],
      box: Box(x1: coordinate(), y1: coordinate(), x2: coordinate(), y2: coordinate()), anchor: anchor)
  }

  @Test("agrees with the definition on random sets", arguments: NonMaximumSuppression.Mode.allCases)
  func oracleOnRandomSets(mode: NonMaximumSuppression.Mode) {
    let seed: UInt64 = 20_180_115
    print("NMS against the definition: seed \(seed)")
    var generator = SplitMix64(seed: seed)
    #if DEBUG
      let sets = 2_000
    #else
      let sets = 50_000
    #endif
    var kept = 0
    for _ in 0..<sets {
      let candidates = (0..<generator.integer(in: 0...40)).map { randomDetection(&generator, anchor: $0) }
      let rule = NonMaximumSuppression(
        mode: mode, iouThreshold: [0, 0.3, 0.6, 1][generator.integer(in: 0...3)],
        limit: [0, 1, 5, 100][generator.integer(in: 0...3)])
      let answer = rule.apply(to: candidates)
      #expect(answer == oracle(candidates, rule))
      #expect(answer == rule.apply(to: candidates.shuffled(using: &generator)))
      #expect(answer.allSatisfy { $0.box.isProper && $0.score.isFinite })
      kept += answer.count
    }
    #expect(kept > sets)
  }

  /// The worst case: every box of every class passes, and none is suppressed.
  @Test("the worst-case time grows with the number of classes, not with its square")
  func hostile() {
    var generator = SplitMix64(seed: 1917)
    func candidates(classes: Int) -> [BoxCandidate] {
      (0..<1917).flatMap { anchor in
        (1...classes).map { output in
          BoxCandidate(
            output: output, score: generator.unit(), box: Box(x1: 0, y1: 0, x2: 1, y2: 1), anchor: anchor)
        }
      }
    }
    let everything = NonMaximumSuppression(mode: .perClass, iouThreshold: 1, limit: .max)
    let (few, many) = (candidates(classes: 2), candidates(classes: 60))
    let clock = ContinuousClock()
    let short = (0..<5).map { _ in clock.measure { _ = everything.apply(to: few) } }.min()!
    var kept: [BoxCandidate] = []
    let long = clock.measure { kept = everything.apply(to: many) }
    let isSorted = kept == many.sorted { $0.precedes($1) }
    #expect(isSorted)
    print("suppression of 1,917 boxes in 2 classes: \(short), in 60: \(long), \(long / short) times as long")
    // 30 times the classes; their square would be 900.
    #expect(long / short < 300)
    let best = NonMaximumSuppression(mode: .perClass, iouThreshold: 0.6, limit: 100).apply(to: many)
    #expect(best.count == 60 && Set(best.map(\.output)).count == 60)
    let one = NonMaximumSuppression(mode: .agnostic, iouThreshold: 0.6, limit: 100).apply(to: many)
    #expect(one == [kept[0]])
  }

  @Test("equal scores are ordered by class, then by default box")
  func totalOrder() {
    let box = Box(x1: 0, y1: 0, x2: 1, y2: 1)
    let apart = Box(x1: 2, y1: 0, x2: 3, y2: 1)
    let candidates = [
      BoxCandidate(output: 2, score: 0.5, box: box, anchor: 0),
      BoxCandidate(output: 1, score: 0.5, box: apart, anchor: 9),
      BoxCandidate(output: 1, score: 0.5, box: box, anchor: 7),
      BoxCandidate(output: 1, score: 0.5, box: box, anchor: 8),
      BoxCandidate(output: 3, score: 0.9, box: apart, anchor: 3),
    ]
    let perClass = NonMaximumSuppression(mode: .perClass, iouThreshold: 0.6, limit: 10).apply(to: candidates)
    #expect(perClass.map(\.anchor) == [3, 7, 9, 0])
    let agnostic = NonMaximumSuppression(mode: .agnostic, iouThreshold: 0.6, limit: 10).apply(to: candidates)
    #expect(agnostic.map(\.anchor) == [3, 7])
  }

  @Test("a box with an IoU equal to the threshold is kept")
  func threshold() {
    let candidates = [
      BoxCandidate(output: 1, score: 0.9, box: Box(x1: 0, y1: 0, x2: 2, y2: 1), anchor: 0),
      BoxCandidate(output: 1, score: 0.8, box: Box(x1: 0, y1: 0, x2: 1, y2: 1), anchor: 1),
    ]
    func count(_ threshold: Float) -> Int {
      NonMaximumSuppression(mode: .perClass, iouThreshold: threshold, limit: 10).apply(to: candidates).count
    }
    #expect(count(0.5) == 2)
    #expect(count(Float(0.5).nextDown) == 1)
  }

  @Test("empty boxes and boxes that are not finite are left out")
  func degenerate() {
    let boxes = [
      Box(x1: 0.5, y1: 0, x2: 0.5, y2: 1), Box(x1: 0.6, y1: 0, x2: 0.5, y2: 1), Box(x1: 0, y1: 0, x2: .nan, y2: 1),
      Box(x1: -.infinity, y1: 0, x2: 1, y2: 1),
    ]
    let candidates = boxes.enumerated().map { BoxCandidate(output: 1, score: 1, box: $1, anchor: $0) }
    #expect(NonMaximumSuppression(mode: .perClass, iouThreshold: 0.6, limit: 10).apply(to: candidates).isEmpty)
  }
}

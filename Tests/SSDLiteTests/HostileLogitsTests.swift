import ImageTypes
import ModelFiles
import Processing
import SSDLite
import TestSupport
import Testing

/// For any logits, the detections are finite, valid and inside the image.
@Suite struct HostileLogitsTests {
  private static let maps = [(height: 2, width: 1), (height: 1, width: 1)]
  private static let outputs = 3

  private func value(_ random: inout SplitMix64) -> Float {
    switch random.integer(in: 0...39) {
    case 0: .nan
    case 1: .infinity
    case 2: -.infinity
    case 3: .greatestFiniteMagnitude
    case 4: -.greatestFiniteMagnitude
    case 5: Float(random.integer(in: -400...400))
    default: random.uniform(-4, 4)
    }
  }

  private func card(_ activation: DetectionCard.ScoreActivation) -> DetectionCard {
    DetectionCard(
      outputs: HostileLogitsTests.outputs, scoreActivation: activation, backgroundOutput: 0, boxCoder: [10, 10, 5, 5],
      minimumScale: 0.2, maximumScale: 0.95, maps: 2, scoreThreshold: 0.1, iouThreshold: 0.6, maximumDetections: 100)
  }

  /// The candidates by the definition, in double precision: pairs of default box and output.
  private func expected(
    _ activation: DetectionCard.ScoreActivation, _ logits: [Float], _ proper: [Bool]
  ) -> (certain: Set<[Int]>, possible: Set<[Int]>) {
    var (certain, possible) = (Set<[Int]>(), Set<[Int]>())
    for anchor in proper.indices where proper[anchor] {
      let row = (0..<HostileLogitsTests.outputs).map { Double(logits[anchor * HostileLogitsTests.outputs + $0]) }
      if activation == .softmax, !row.allSatisfy(\.isFinite) { continue }
      for output in 1..<HostileLogitsTests.outputs where row[output].isFinite {
        let score =
          switch activation {
          case .sigmoid: 1 / (1 + exponential(-row[output]))
          default: 1 / row.reduce(0) { $0 + exponential($1 - row[output]) }
          }
        if score > 0.1 + 1e-6 { certain.insert([anchor, output]) }
        if score > 0.1 - 1e-6 { possible.insert([anchor, output]) }
      }
    }
    return (certain, possible)
  }

  /// e to the power of x without the C library: x is halved until its series is short.
  private func exponential(_ x: Double) -> Double {
    if x > 700 { return .infinity }
    if x < -700 { return 0 }
    let y = x / 4096
    var (term, sum) = (1.0, 1.0)
    for n in 1...12 {
      term *= y / Double(n)
      sum += term
    }
    for _ in 0..<12 { sum *= sum }
    return sum
  }

  /// The definition of non-maximum suppression, with all comparisons.
  private func suppressed(_ candidates: [BoxCandidate], _ rule: NonMaximumSuppression) -> [BoxCandidate] {
    let sorted = candidates.sorted { ($1.score, $0.output, $0.anchor) < ($0.score, $1.output, $1.anchor) }
    var kept: [BoxCandidate] = []
    for one in sorted {
      let loses = kept.contains { $0.output == one.output && $0.box.iou(with: one.box) > rule.iouThreshold }
      if !loses { kept.append(one) }
    }
    return Array(kept.prefix(rule.limit))
  }

  @Test(arguments: [DetectionCard.ScoreActivation.sigmoid, .softmax])
  func nothingBrokenComesOut(activation: DetectionCard.ScoreActivation) {
    let seed: UInt64 = 22
    #if DEBUG
      let sets = 2_000
    #else
      let sets = 50_000
    #endif
    print("hostile logits: \(sets) sets, seed \(seed)")
    var random = SplitMix64(seed: seed)
    let anchors = DefaultBoxes(
      maps: HostileLogitsTests.maps, minimumScale: 0.2, maximumScale: 0.95, inputHeight: 300, inputWidth: 300)
    let count = anchors.anchors.count
    let rule = NonMaximumSuppression(mode: .perClass, iouThreshold: 0.6, limit: 100)
    let mapping = ImageMapping(
      horizontal: .init(image: 640, input: 300, content: 300, origin: 0),
      vertical: .init(image: 480, input: 300, content: 300, origin: 0), grid: .halfPixel)
    var found = 0
    for _ in 0..<sets {
      let codes = (0..<count * 4).map { _ in value(&random) }
      let logits = (0..<count * HostileLogitsTests.outputs).map { _ in value(&random) }
      let answer = BoxLogits(
        outputs: HostileLogitsTests.outputs, maps: HostileLogitsTests.maps, codes: codes, logits: logits)
      let candidates = answer.candidates(card(activation), anchors: anchors, threshold: 0.1)
      let proper = (0..<count).map { i in
        anchors.decode(
          i, (codes[4 * i], codes[4 * i + 1], codes[4 * i + 2], codes[4 * i + 3]), divisors: [10, 10, 5, 5]
        ).isProper
      }
      let (certain, possible) = expected(activation, logits, proper)
      let pairs = Set(candidates.map { [$0.anchor, $0.output] })
      #expect(pairs.count == candidates.count && pairs.isSuperset(of: certain) && pairs.isSubset(of: possible))
      let kept = rule.apply(to: candidates)
      #expect(kept == suppressed(candidates, rule))
      for one in kept {
        #expect(one.score > 0.1 && one.score <= 1 && one.box.isProper)
        let box = mapping.toImage(one.box)
        if box.isProper { #expect(box.x1 >= 0 && box.y1 >= 0 && box.x2 <= 640 && box.y2 <= 480) }
        #expect((box.x1 + box.y1 + box.x2 + box.y2).isFinite)
      }
      for a in kept {
        for b in kept {
          let overlap = a.box.iou(with: b.box)
          #expect(overlap >= 0 && overlap <= 1)
        }
      }
      found += kept.count
    }
    #expect(found > sets)
  }
}

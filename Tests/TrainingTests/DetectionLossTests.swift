import ImageTypes
import SSDLite
import TestSupport
import Testing
import Training

/// SSD's training against torchvision; see `Tests/Golden/generate_detection.py`.
@Suite struct DetectionLossTests {
  private struct Recorded: Decodable {
    struct Truth: Decodable {
      let boxes: [Float]
      let classes: [Int]
    }
    struct Part: Decodable {
      let values: [Float]
      let sum: Double
    }
    struct Loss: Decodable {
      let loss: Double
      let box, `class`: Part
    }
    let maps: [[Int]]
    let outputs: Int
    let truths: [Truth]
    let matched: [[[Int]]]
    let codes: [[Float]]
    let losses: [String: Loss]
  }

  private let golden: Recorded
  private let boxes: DefaultBoxes
  private let truths: [[(box: Box, classIndex: Int)]]
  private static let divisors: [4 of Float] = [10, 10, 5, 5]

  init() throws {
    golden = try Golden.load("detection_torchvision.json")
    boxes = DefaultBoxes(
      maps: golden.maps.map { ($0[0], $0[1]) }, minimumScale: 0.2, maximumScale: 0.95, inputHeight: 300, inputWidth: 300
    )
    truths = golden.truths.map { truth in
      truth.classes.enumerated().map { index, classIndex in
        let c = truth.boxes[index * 4..<index * 4 + 4].map(\.self)
        return (Box(x1: c[0], y1: c[1], x2: c[2], y2: c[3]), classIndex)
      }
    }
  }

  private func targets(_ picture: Int, ignored: [Box] = []) -> DetectionTargets {
    DetectionTargets(boxes, truths: truths[picture], ignored: ignored, divisors: Self.divisors)
  }

  @Test func matchesAreThoseOfTorchvision() {
    for (picture, expected) in golden.matched.enumerated() {
      let found = boxes.match(truths[picture].map(\.box)).enumerated().compactMap { index, match in
        if case .truth(let number) = match { [index, number] } else { nil }
      }
      #expect(found == expected, "picture \(picture)")
    }
  }

  @Test func codesAreThoseOfTorchvisionAndDecodeBack() {
    var place = 0
    for (picture, matched) in golden.matched.enumerated() {
      for pair in matched {
        let box = truths[picture][pair[1]].box
        let code = boxes.encode(pair[0], box, divisors: Self.divisors)
        for k in 0..<4 {
          let expected = golden.codes[place][k]
          #expect(abs(code[k] - expected) <= 2e-5 * max(abs(expected), 1))
        }
        place += 1
        let back = boxes.decode(pair[0], (code[0], code[1], code[2], code[3]), divisors: Self.divisors)
        for (a, b) in [(back.x1, box.x1), (back.y1, box.y1), (back.x2, box.x2), (back.y2, box.y2)] {
          #expect(abs(a - b) < 1e-5)
        }
      }
    }
    #expect(place == golden.codes.count)
  }

  /// The loss and gradients of the batch.
  private func run(_ loss: DetectionLoss, _ codes: [Float], _ logits: [Float], ignored: [Box] = []) -> (
    loss: Double, codes: [Float], logits: [Float]
  ) {
    let all = truths.indices.map { targets($0, ignored: ignored) }
    let normaliser = max(all.reduce(0) { $0 + $1.positives }, 1)
    var total = 0.0
    var (codeGradient, logitGradient): ([Float], [Float]) = ([], [])
    let (perCodes, perLogits) = (codes.count / all.count, logits.count / all.count)
    for (picture, target) in all.enumerated() {
      // Earlier values are overwritten.
      var codePart = [Float](repeating: .nan, count: perCodes)
      var logitPart = [Float](repeating: .nan, count: perLogits)
      var codeSpan = codePart.mutableSpan
      var logitSpan = logitPart.mutableSpan
      total += loss(
        codes: codes.span.extracting(picture * perCodes..<(picture + 1) * perCodes),
        logits: logits.span.extracting(picture * perLogits..<(picture + 1) * perLogits), target, normaliser: normaliser,
        codeGradient: &codeSpan, logitGradient: &logitSpan)
      codeGradient += codePart
      logitGradient += logitPart
    }
    return (total, codeGradient, logitGradient)
  }

  private var input: (codes: [Float], logits: [Float]) {
    let count = truths.count * boxes.anchors.count
    var first = SplitMix64(named: "detection box")
    var second = SplitMix64(named: "detection class")
    return (
      (0..<count * 4).map { _ in first.unit() * 4 - 2 }, (0..<count * golden.outputs).map { _ in second.unit() * 6 - 3 }
    )
  }

  @Test(arguments: ["ssd", "focal"]) func lossesAreThoseOfTorchvision(name: String) throws {
    let expected = try #require(golden.losses[name])
    let (codes, logits) = input
    let found = run(name == "ssd" ? .multibox(negatives: 3, minimum: 0) : .focal, codes, logits)
    #expect(abs(found.loss - expected.loss) < 1e-5 * expected.loss, "\(found.loss), expected \(expected.loss)")
    for (kind, gradient, part) in [("box", found.codes, expected.box), ("class", found.logits, expected.class)] {
      let seed = SplitMix64.seed(of: "\(name) \(kind)")
      let peak = part.values.map(abs).max()!
      for (i, value) in part.values.enumerated() {
        let place = Int(SplitMix64.number(at: i, seed: seed) % UInt64(gradient.count))
        #expect(abs(gradient[place] - value) <= 1e-4 * max(abs(value), peak / 10), "\(kind) \(place)")
      }
      let sum = gradient.reduce(0.0) { $0 + Double(abs($1)) }
      #expect(abs(sum - part.sum) < 1e-4 * part.sum, "\(kind)")
    }
  }

  @Test(arguments: [DetectionLoss.multibox(negatives: 1e6, minimum: 0), .focal, .focal(alpha: 0.4, gamma: 1.5)])
  func gradientsAreThoseOfFiniteDifferences(loss: DetectionLoss) {
    let (codes, logits) = input
    let found = run(loss, codes, logits)
    var random = SplitMix64(seed: 3)
    let things = found.codes.indices.filter { found.codes[$0] != 0 }
    for _ in 0..<40 {
      let step: Float = 1.0 / 64
      let place = random.integer(in: 0...logits.count - 1)
      var (up, down) = (logits, logits)
      up[place] += step
      down[place] -= step
      let slope = (run(loss, codes, up).loss - run(loss, codes, down).loss) / Double(up[place] - down[place])
      #expect(abs(slope - Double(found.logits[place])) < 2e-6 + 3e-3 * abs(slope), "logit \(place)")
      let code = things[random.integer(in: 0...things.count - 1)]
      (up, down) = (codes, codes)
      up[code] += step
      down[code] -= step
      let codeSlope = (run(loss, up, logits).loss - run(loss, down, logits).loss) / Double(up[code] - down[code])
      #expect(abs(codeSlope - Double(found.codes[code])) < 2e-6 + 2e-2 * abs(codeSlope), "code \(code)")
    }
  }

  @Test func equalLossesGoByOrder() {
    let (codes, _) = input
    let logits = [Float](repeating: 0, count: truths.count * boxes.anchors.count * golden.outputs)
    let found = run(.multibox(negatives: 0, minimum: 5), codes, logits)
    // The last image has no objects: its first five boxes count.
    let first = (truths.count - 1) * boxes.anchors.count * golden.outputs
    let counted = found.logits[first...].enumerated().filter { $0.element != 0 }.map { $0.offset / golden.outputs }
    #expect(Set(counted) == [0, 1, 2, 3, 4])
  }

  @Test func ignoredRegionsTeachNothing() {
    let (codes, logits) = input
    let region = Box(x1: 0, y1: 0, x2: 0.5, y2: 1)
    for loss in [DetectionLoss.focal, .multibox(negatives: 3, minimum: 100_000)] {
      let found = run(loss, codes, logits, ignored: [region])
      let picture = truths.count - 1
      for index in boxes.anchors.indices {
        let box = boxes.box(index)
        let first = (picture * boxes.anchors.count + index) * golden.outputs
        let isSilent = found.logits[first..<first + golden.outputs].allSatisfy { $0 == 0 }
        let inside = max(min(box.x2, 0.5) - max(box.x1, 0), 0) * max(min(box.y2, 1) - max(box.y1, 0), 0)
        #expect(isSilent == (inside >= 0.5 * box.area), "box \(index)")
      }
    }
    // An object in the region is still matched.
    #expect(targets(0, ignored: [Box(x1: 0, y1: 0, x2: 1, y2: 1)]).positives == targets(0).positives)
  }
}

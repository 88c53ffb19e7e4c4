import Evaluation
import TestSupport

/// The outputs of COCO's tools and of NumPy for random boxes.
struct BoxGolden: Decodable {
  struct COCO: Decodable {
    /// -1 for a missing figure, as in all these outputs.
    let stats, ap, ap50, ap75, ar100, precisions: [Double]
  }

  struct Case: Decodable {
    let name: String
    let pictures, classes, truths, founds, scores: Int
    let coco: COCO
    /// Eleven-point average and whole area by class.
    let voc: [[Double]]
  }

  let cases: [Case]
  /// The sample results of COCO's tools.
  let val2014: COCO
}

/// Random numbers like `Numbers` in `Tests/Golden/generate_evaluation.py`.
private struct Numbers {
  private var generator: SplitMix64

  init(_ name: String) { generator = SplitMix64(named: name) }

  mutating func unit() -> Double { Double(generator.unit()) }

  mutating func below(_ count: Int) -> Int { Int(unit() * Double(count)) }

  mutating func quarter(_ low: Double, _ span: Double) -> Double { Double(Int((low + unit() * span) * 4)) / 4 }
}

extension BoxGolden.Case {
  /// The images of the case, as from `make` in the generator.
  func samples() -> [BoxSample] {
    var g = Numbers(name)
    return (0..<pictures).map { _ in
      var sample = BoxSample(truth: [], found: [])
      let count = g.unit() < 0.15 ? 0 : g.below(truths + 1)
      for _ in 0..<count { sample.truth.append(truth(&g)) }
      for _ in 0..<g.below(founds + 1) { sample.found.append(found(&g, near: sample.truth)) }
      return sample
    }
  }

  private func truth(_ g: inout Numbers) -> TrueBox {
    let index = g.below(classes)
    let x = g.quarter(0, 400), y = g.quarter(0, 400)
    let w = g.quarter(4, 40), h = g.quarter(4, 40)
    let scale = [1.0, 3, 8][g.below(3)]
    let extent = Extent(x: x, y: y, width: w * scale, height: h * scale)
    let share = 0.5 + 0.5 * g.unit()
    let isCrowd = g.unit() < 0.1
    return TrueBox(
      classIndex: index, extent: extent, area: extent.area * share, isCrowd: isCrowd, isDifficult: g.unit() < 0.1)
  }

  private func found(_ g: inout Numbers, near truth: [TrueBox]) -> FoundBox {
    var extent: Extent
    let index: Int
    if !truth.isEmpty, g.unit() < 0.8 {
      let like = truth[g.below(truth.count)]
      extent = like.extent
      let reach = [0, 0.1, 0.4][g.below(3)]
      extent.x += Double(Int((g.unit() - 0.5) * extent.width * reach * 4)) / 4
      extent.y += Double(Int((g.unit() - 0.5) * extent.height * reach * 4)) / 4
      index = g.unit() < 0.9 ? like.classIndex : g.below(classes)
    } else {
      index = g.below(classes)
      let x = g.quarter(0, 400), y = g.quarter(0, 400)
      let w = g.quarter(4, 300)
      extent = Extent(x: x, y: y, width: w, height: g.quarter(4, 300))
    }
    return FoundBox(classIndex: index, score: Double(g.below(scores)) / Double(scores), extent: extent)
  }
}

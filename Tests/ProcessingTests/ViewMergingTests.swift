import ImageTypes
import Processing
import TestSupport
import Testing

/// The merging of the detections of overlapping views.
@Suite struct ViewMergingTests {
  private static func one(
    _ score: Float, _ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float, view: Int, cut: Bool = false, output: Int = 1,
    anchor: Int = 0
  ) -> ViewDetection {
    ViewDetection(
      BoxCandidate(output: output, score: score, box: Box(x1: x1, y1: y1, x2: x2, y2: y2), anchor: anchor), view: view,
      isCut: cut)
  }

  private static let merging = ViewMerging(mode: .perClass, iouThreshold: 0.6, limit: 100)

  private func merge(_ detections: ViewDetection...) -> [ViewDetection] {
    let found = Self.merging.apply(to: detections)
    #expect(found == Self.merging.apply(to: detections.reversed()), "the order decides")
    return found
  }

  @Test("an object in several views is detected once, with the best box")
  func same() {
    let best = Self.one(0.9, 100, 50, 200, 400, view: 2)
    let found = merge(
      Self.one(0.6, 95, 60, 210, 410, view: 0), best, Self.one(0.8, 104, 52, 203, 390, view: 1, anchor: 3))
    #expect(found == [best])
  }

  @Test("a part cut by an inner edge is dropped, even if its score is higher")
  func part() {
    let whole = Self.one(0.6, 100, 50, 200, 400, view: 2)
    #expect(merge(whole, Self.one(0.95, 100, 55, 140, 390, view: 1, cut: true)) == [whole])
    // More than twice the score, so that the uncut box is the doubtful one.
    let part = Self.one(0.95, 100, 55, 140, 390, view: 1, cut: true)
    #expect(merge(Self.one(0.3, 100, 50, 200, 400, view: 2), part) == [part])
    // A part without a whole is kept.
    #expect(merge(part) == [part])
  }

  @Test("a torso in one view is merged with the person in another; a child in front of her is not")
  func smaller() {
    let whole = Self.one(0.8, 100, 50, 200, 400, view: 0)
    #expect(merge(whole, Self.one(0.7, 102, 50, 198, 210, view: 1)) == [whole])
    let child = Self.one(0.7, 120, 280, 170, 400, view: 1)
    #expect(merge(whole, child) == [whole, child])
    #expect(merge(child, Self.one(0.4, 100, 50, 200, 400, view: 0)).count == 2)
  }

  @Test("two people side by side stay two detections")
  func neighbours() {
    let pair = [Self.one(0.9, 100, 50, 200, 400, view: 1), Self.one(0.8, 150, 50, 250, 400, view: 2)]
    #expect(merge(pair[0], pair[1]) == pair)
    // A cut box half of which is beside the other one.
    let cut = Self.one(0.8, 150, 50, 250, 400, view: 2, cut: true)
    #expect(merge(pair[0], cut) == [pair[0], cut])
  }

  @Test("boxes of the same view do not suppress each other again")
  func sameView() {
    let both = [Self.one(0.9, 0, 0, 100, 100, view: 1), Self.one(0.8, 0, 0, 100, 90, view: 1, anchor: 1)]
    #expect(merge(both[0], both[1]) == both)
  }

  @Test("boxes of different classes suppress each other only in the agnostic mode")
  func classes() {
    let pair = [Self.one(0.9, 0, 0, 100, 100, view: 1), Self.one(0.8, 0, 0, 100, 100, view: 2, output: 2)]
    #expect(merge(pair[0], pair[1]) == pair)
    #expect(ViewMerging(mode: .agnostic, iouThreshold: 0.6, limit: 9).apply(to: pair) == [pair[0]])
  }

  @Test("the best score is first, the limit holds, and invalid boxes are dropped")
  func limit() {
    let all = (0..<5).map { Self.one(0.5 + Float($0) / 10, Float($0) * 50, 0, Float($0) * 50 + 40, 40, view: 1) }
    let merging = ViewMerging(mode: .perClass, iouThreshold: 0.6, limit: 3)
    #expect(merging.apply(to: all).map(\.detection.score) == Array(all.map(\.detection.score).reversed()[..<3]))
    #expect(ViewMerging(mode: .perClass, iouThreshold: 0.6, limit: 0).apply(to: all).isEmpty)
    #expect(merge(Self.one(.nan, 0, 0, 1, 1, view: 0), Self.one(0.5, 0, 0, .infinity, 1, view: 0)).isEmpty)
  }

  @Test("a better cut box stays ahead of an uncut one in the order of scores")
  func order() {
    let cut = Self.one(0.9, 300, 0, 340, 100, view: 1, cut: true)
    let uncut = Self.one(0.6, 0, 0, 40, 100, view: 1)
    #expect(merge(uncut, cut) == [cut, uncut])
  }

  @Test("the result does not depend on the order, and has no duplicates")
  func random() {
    let seed: UInt64 = 14
    print("merging: seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<2_000 {
      let all = (0..<random.integer(in: 0...30)).map { index in
        let (x, y) = (Float(random.integer(in: 0...10)), Float(random.integer(in: 0...10)))
        return Self.one(
          [0.25, 0.5, 0.5, 0.75, 1][random.integer(in: 0...4)], x, y, x + Float(random.integer(in: 1...9)),
          y + Float(random.integer(in: 1...9)), view: random.integer(in: 0...3), cut: random.integer(in: 0...1) == 1,
          output: random.integer(in: 1...2), anchor: index)
      }
      let found = Self.merging.apply(to: all)
      #expect(found == Self.merging.apply(to: all.shuffled(using: &random)))
      for (index, a) in found.enumerated() {
        for b in found[..<index] where a.view != b.view && a.detection.output == b.detection.output {
          let (first, second) = (a.detection.box, b.detection.box)
          #expect(first.iou(with: second) <= 0.5)
          let smaller = first.area < second.area ? a : b
          if smaller.isCut, first.area != second.area { #expect(first.overlapOfSmaller(with: second) <= 0.75) }
        }
      }
    }
  }
}

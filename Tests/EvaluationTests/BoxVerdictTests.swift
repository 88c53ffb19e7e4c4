import Evaluation
import Testing

/// The verdict on each box of an image, by hand.
@Suite struct BoxVerdictTests {
  private func extent(_ x: Double, _ width: Double = 100) -> Extent { Extent(x: x, y: 0, width: width, height: 100) }

  private var sample: BoxSample {
    BoxSample(
      truth: [
        TrueBox(classIndex: 0, extent: extent(0)), TrueBox(classIndex: 1, extent: extent(200)),
        TrueBox(classIndex: 0, extent: extent(400), isDifficult: true),
        TrueBox(classIndex: 1, extent: extent(600, 300), isCrowd: true), TrueBox(classIndex: 0, extent: extent(1000)),
      ],
      found: [
        FoundBox(classIndex: 0, score: 0.6, extent: extent(10)), FoundBox(classIndex: 0, score: 0.9, extent: extent(0)),
        FoundBox(classIndex: 0, score: 0.8, extent: extent(210)),
        FoundBox(classIndex: 0, score: 0.7, extent: extent(400)),
        FoundBox(classIndex: 1, score: 0.7, extent: extent(650, 40)),
        FoundBox(classIndex: 1, score: 0.4, extent: extent(200)),
        FoundBox(classIndex: 1, score: 0.5, extent: extent(1500)),
      ])
  }

  @Test("correct, wrong, ignored and uncertain detections, and missed boxes")
  func verdict() {
    let verdict = BoxVerdict(sample)
    #expect(verdict.found == [.wrong, .right, .wrong, .ignored, .ignored, .unsure, .wrong])
    #expect(verdict.missed == [1, 4])
    let bold = BoxVerdict(sample, minimumScore: 0.3)
    #expect(bold.found[5] == .right && bold.missed == [4])
    #expect(BoxVerdict(sample, threshold: 0.95, minimumScore: 0.3).found[1] == .right)
  }

  @Test("the confusion matrix counts each ground-truth box once, and detections of the background separately")
  func confusion() {
    // A dog detected as a cat; a cat detected twice; one detection without an object; a missed cat.
    #expect(BoxVerdict.confusion([sample], classes: 2) == [[1, 0, 1], [1, 0, 0], [1, 1, 0]])
    #expect(BoxVerdict.confusion([sample, sample], classes: 2)[1][0] == 2)
    // The right class has priority over a better box of another class.
    let both = BoxSample(
      truth: [TrueBox(classIndex: 0, extent: extent(0)), TrueBox(classIndex: 1, extent: extent(10))],
      found: [FoundBox(classIndex: 1, score: 0.9, extent: extent(0))])
    #expect(BoxVerdict.confusion([both], classes: 2) == [[0, 0, 1], [0, 1, 0], [0, 0, 0]])
  }
}

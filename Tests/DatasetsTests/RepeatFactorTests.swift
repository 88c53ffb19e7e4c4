import Datasets
import ImageTypes
import Testing

@Suite struct RepeatFactorTests {
  /// Images with boxes of these classes; none of them is read.
  private func dataset(_ classes: [[Int]]) -> Dataset {
    let samples = classes.enumerated().map { number, indices in
      Sample(
        path: "\(number).png", name: "\(number)", width: 100, height: 100,
        boxes: indices.map {
          TruthBox(box: Box(x1: 0, y1: 0, x2: 10, y2: 10), classIndex: abs($0), crowd: $0 < 0)
        }, mask: nil)
    }
    return Dataset(
      formats: [], classes: ["background", "a", "b", "c", "d"].enumerated().map { .init(name: $1, id: $0) },
      samples: samples, skipped: [])
  }

  /// 10 images: class 1 in 8 of them, class 2 in 2, class 3 in 1, class 4 only as a crowd.
  private var ten: Dataset { dataset([[1], [1, 1], [1, 2], [1], [1], [1], [1], [1, 3, 1], [2, 2, 2], [-4]]) }

  @Test func factorsAreThoseOfTheFormula() {
    // At 0.5: sqrt(0.5 / 0.8) < 1, sqrt(0.5 / 0.2) = 1.58114, sqrt(0.5 / 0.1) = 2.23607.
    let expected = [1, 1, 1.5811388, 1, 1, 1, 1, 2.2360680, 1.5811388, 1]
    let found = ten.repeatFactors(threshold: 0.5)
    #expect(found.count == 10 && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)")
    #expect(ten.repeatFactors(threshold: 0) == [Double](repeating: 1, count: 10))
    #expect(ten.repeatFactors(threshold: 0.1) == [Double](repeating: 1, count: 10))
  }

  @Test func fractionsOfVariantsAreDrawn() throws {
    var augmentation = Augmentation.none(width: 10, height: 10)
    #expect(try Augmenter(ten, augmentation, seed: 1).variantCounts(3) == [Int](repeating: 3, count: 10))
    augmentation.repeatThreshold = 0.5
    var sums = [Int](repeating: 0, count: 10)
    for seed in 0..<500 as Range<UInt64> {
      let counts = try Augmenter(ten, augmentation, seed: seed).variantCounts(2)
      #expect(try Augmenter(ten, augmentation, seed: seed).variantCounts(2) == counts)
      for (index, count) in counts.enumerated() { sums[index] += count }
    }
    // Twice the factor: 3.16228 and 4.47214, within four standard deviations of 500 draws; the others are integers.
    #expect(sums[0] == 1000 && sums[9] == 1000)
    for (index, mean) in [(2, 3.1622777), (8, 3.1622777), (7, 4.4721360)] {
      let share = mean - mean.rounded(.down)
      let deviation = (share * (1 - share) / 500).squareRoot()
      #expect(abs(Double(sums[index]) / 500 - mean) < 4 * deviation, "\(index): \(sums[index])")
    }
  }
}

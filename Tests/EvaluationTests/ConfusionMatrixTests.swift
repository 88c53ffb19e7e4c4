import Evaluation
import ImageTypes
import TestSupport
import Testing

/// Masks against NumPy, exactly.
@Suite struct ConfusionMatrixTests {
  struct Masks: Decodable {
    struct Case: Decodable {
      let name: String
      let width, height, classes, kinds: Int
      let counts: [Int]
      /// -1 for a missing figure.
      let iou: [Double]
      let mean_iou, pixel_accuracy, mean_accuracy: Double
    }
    let cases: [Case]
  }

  /// The masks of a case, as from `segmentation` in `Tests/Golden/generate_evaluation.py`.
  private func masks(_ one: Masks.Case) -> (truth: Mask, prediction: Mask) {
    let pixels = one.width * one.height
    let seed = SplitMix64.seed(of: one.name)
    func draw(_ index: Int) -> UInt8 { UInt8(SplitMix64.number(at: index, seed: seed) >> 40 % UInt64(one.kinds)) }
    let truth = (0..<pixels).map(draw)
    let prediction = (0..<pixels).map { $0 % 17 == 0 ? 255 : $0 % 3 == 0 ? draw(pixels + $0) : truth[$0] }
    return (
      Mask(width: one.width, height: one.height, ids: (0..<pixels).map { $0 % 13 == 0 ? 255 : truth[$0] }),
      Mask(width: one.width, height: one.height, ids: prediction)
    )
  }

  @Test("every count and every figure equals NumPy's")
  func golden() throws {
    let golden: Masks = try Golden.load("evaluation_masks.json")
    #expect(golden.cases.count == 3)
    for one in golden.cases {
      let (truth, prediction) = masks(one)
      var matrix = ConfusionMatrix(classes: one.classes)
      matrix.add(truth: truth, prediction: prediction)
      let counts = (0..<one.classes).flatMap { row in
        (0...one.classes).map { matrix.count(truth: row, prediction: $0) }
      }
      #expect(counts == one.counts, "\(one.name)")
      #expect((0..<one.classes).map { matrix.iou($0) ?? -1 } == one.iou, "\(one.name)")
      #expect(matrix.meanIoU == one.mean_iou && matrix.meanAccuracy == one.mean_accuracy, "\(one.name)")
      #expect(matrix.pixelAccuracy == one.pixel_accuracy, "\(one.name)")
      // Counted in two halves, the result is the same.
      var halves = ConfusionMatrix(classes: one.classes)
      for rows in [0..<one.height / 2, one.height / 2..<one.height] {
        func cut(_ map: Mask) -> Mask {
          let ids = Array(map.ids[rows.lowerBound * one.width..<rows.upperBound * one.width])
          return Mask(width: one.width, height: rows.count, ids: ids)
        }
        var half = ConfusionMatrix(classes: one.classes)
        half.add(truth: cut(truth), prediction: cut(prediction))
        halves.add(half)
      }
      #expect(halves == matrix)
    }
  }

  @Test("a class that does not occur has no figure, and the ignore index is ignored")
  func absence() {
    var matrix = ConfusionMatrix(classes: 3)
    #expect(matrix.meanIoU == nil && matrix.pixelAccuracy == nil)
    matrix.add(
      truth: Mask(width: 4, height: 1, ids: [0, 0, 255, 1]),
      prediction: Mask(width: 4, height: 1, ids: [0, 2, 1, 1]))
    #expect(matrix.iou(0) == 0.5 && matrix.iou(1) == 1 && matrix.iou(2) == 0 && matrix.accuracy(2) == nil)
    #expect(matrix.pixels == 3 && matrix.truePixels(0) == 2 && matrix.predictedPixels(2) == 1)
    #expect(matrix.meanIoU == 0.5 && matrix.meanAccuracy == 0.75)
  }
}

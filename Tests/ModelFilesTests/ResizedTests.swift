import ModelFiles
import Tensors
import TestSupport
import Testing

@Suite struct ResizedTests {
  private func file(_ task: ModelCard.Task) -> ModelFile {
    var card = Fixtures.card
    card.task = task
    switch task {
    case .detect:
      card.detection = DetectionCard(
        outputs: 2, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
        maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.5, maximumDetections: 100)
    default:
      card.segmentation = SegmentationCard(
        outputs: 2, backgroundID: 0, voidID: nil, upsampling: .halfPixel, batchNormEpsilon: 0)
    }
    card.labels = []
    return ModelFile(path: "f", card: card, weights: Fixtures.weights)
  }

  @Test func aSegmenterTakesAnotherInput() throws {
    let resized = try file(.segment).resized(to: 449)
    #expect(resized.card.input.width == 449 && resized.card.input.height == 449)
    #expect(resized.card.fault == nil)
    for size in [0, -1, 32, 20000, .max] {
      #expect(throws: ModelFileError.self) { try file(.segment).resized(to: size) }
    }
  }

  @Test func aDetectorDoesNot() {
    let error = #expect(throws: ModelFileError.self) { try file(.detect).resized(to: 449) }
    #expect(error?.description.contains("is a detector") == true)
  }
}

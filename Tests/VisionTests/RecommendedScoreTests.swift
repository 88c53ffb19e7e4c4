import ModelFiles
import Tensors
import Testing
import Vision

/// The choice of the score threshold: the caller's, else the card's recommendation, else 0.5.
@Suite struct RecommendedScoreTests {
  @Test func theCardsRecommendationIsTheDefault() throws {
    let file = SmallModels.detector()
    let picture = SmallModels.picture(120, 90, seed: 3)
    var options = DetectionOptions()
    options.scoreThreshold = 0
    options.maximumDetections = 20
    let all = try Detector(file, threads: 1).detect(picture, options)
    let score = all[7].score
    let kept = all.filter { $0.score > score }
    try #require(!kept.isEmpty && kept.count < all.count)
    // The card's own threshold passes all of them.
    #expect(all.allSatisfy { $0.score > 0.3 })
    var card = file.card
    card.detection!.recommendedScore = score
    let detector = try Detector(ModelFile(path: "boxes", card: card, weights: file.weights), threads: 1)
    options.scoreThreshold = nil
    #expect(try detector.detect(picture, options) == kept)
    #expect(try Detector(file, threads: 1).detect(picture, options) == all.filter { $0.score > 0.5 })
    #expect(try Detector(file, threads: 1).scoreThreshold == 0.5 && detector.scoreThreshold == score)
    options.scoreThreshold = 0
    #expect(try detector.detect(picture, options) == all)
  }
}

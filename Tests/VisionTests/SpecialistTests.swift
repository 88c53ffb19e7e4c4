import ModelFiles
import Tensors
import Testing
import Vision

/// A specialist, a detector whose detections replace another one's for some classes.
@Suite struct SpecialistTests {
  private static func renamed(_ names: [Int: String], width: Int = 96) -> ModelFile {
    let file = SmallModels.detector(width: width)
    var card = file.card
    card.name = "special"
    card.labels = names.sorted { $0.key < $1.key }.map { ClassLabel(output: $0.key, id: 70 + $0.key, name: $0.value) }
    return ModelFile(path: "special", card: card, weights: file.weights)
  }

  private static var options: DetectionOptions {
    var options = DetectionOptions()
    options.scoreThreshold = 0.4
    options.maximumDetections = 1000
    return options
  }

  private let image = SmallModels.picture(150, 110, seed: 4)

  @Test func itAnswersForTheClassesThatBothHave() throws {
    let main = SmallModels.detector()
    // Another input, so that its detections differ.
    let special = Self.renamed([2: "thing 3", 3: "something else"], width: 128)
    let options = Self.options
    let own = try Detector(main, threads: 1).detect(image, options)
    let better = try Detector(special, threads: 1).detect(image, options)
    let both = try Detector(main, specialists: [special], threads: 1)
    #expect(both.names == ["small", "special"])
    let found = try both.detect(image, options)
    #expect(found.filter { $0.label != "thing 3" } == own.filter { $0.label != "thing 3" })
    let theirs = found.filter { $0.label == "thing 3" }
    #expect(!theirs.isEmpty && theirs.allSatisfy { $0.id == 30 && $0.output == 3 })
    let expected = better.filter { $0.label == "thing 3" }
    #expect(theirs.map(\.box) == expected.map(\.box) && theirs.map(\.score) == expected.map(\.score))
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
    #expect(!found.contains { $0.label == "something else" })
  }

  @Test func limitsAndSuppressionCoverAll() throws {
    let special = Self.renamed([2: "thing 3"], width: 128)
    let both = try Detector(SmallModels.detector(), specialists: [special], threads: 1)
    var options = Self.options
    let all = try both.detect(image, options)
    options.maximumDetections = 5
    #expect(try both.detect(image, options) == Array(all.prefix(5)))
    options = Self.options
    options.suppression = .agnostic
    options.iouThreshold = 0.3
    let kept = try both.detect(image, options)
    for (index, one) in kept.enumerated() {
      #expect(!kept[..<index].contains { $0.box.iou(with: one.box) > 0.3 })
    }
    #expect(kept.contains { $0.output == 3 } && kept.contains { $0.output != 3 })
  }

  @Test func aSpecialistIsCutAtItsOwnRecommendationElseAtTheModels() throws {
    func advised(_ file: ModelFile, _ score: Float?) -> ModelFile {
      var card = file.card
      card.detection!.recommendedScore = score
      return ModelFile(path: file.path, card: card, weights: file.weights)
    }
    let special = Self.renamed([2: "thing 3"], width: 128)
    var options = Self.options
    options.scoreThreshold = nil
    func least(_ main: Float?, _ own: Float?) throws -> Float {
      let models = (advised(SmallModels.detector(), main), advised(special, own))
      let found = try Detector(models.0, specialists: [models.1], threads: 1).detect(image, options)
      return try #require(found.filter { $0.output == 3 }.map(\.score).min())
    }
    #expect(try (0.5...0.52).contains(least(nil, nil)))
    #expect(try (0.42...0.45).contains(least(0.42, nil)))
    #expect(try (0.45...0.5).contains(least(0.42, 0.45)))
  }

  @Test func oneWithoutACommonClassIsRefused() throws {
    let stranger = Self.renamed([1: "a", 2: "b"])
    let error = #expect(throws: VisionError.self) {
      try Detector(SmallModels.detector(), specialists: [stranger], threads: 1)
    }
    #expect(error?.description.contains("special") == true && error?.description.contains("no class of small") == true)
  }
}

import ModelFiles
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct ModelCardTests {
  /// Changes that make a valid card invalid, and a part of the message.
  static let faults: [(String, @Sendable (inout ModelCard) -> Void)] = [
    ("format 2", { $0.format = 2 }),
    ("name", { $0.name = "" }),
    ("name", { $0.name = "two words" }),
    ("name", { $0.name = "a/../b" }),
    ("network", { $0.backbone.network = "resnet" }),
    ("width multiplier", { $0.backbone.widthMultiplier = 0 }),
    ("width multiplier", { $0.backbone.widthMultiplier = 1000 }),
    ("channel divisor", { $0.backbone.channelDivisor = 0 }),
    ("output stride", { $0.backbone.outputStride = 7 }),
    ("epsilon", { $0.backbone.batchNormEpsilon = -1 }),
    ("input is 0x224", { $0.input.width = 0 }),
    ("input is 224x-5", { $0.input.height = -5 }),
    ("input is 999999x224", { $0.input.width = 999_999 }),
    ("three channels", { $0.input.mean = [1] }),
    ("finite and positive", { $0.input.standardDeviation = [1, 0, 1] }),
    ("finite and positive", { $0.input.mean = [1, 2, .infinity] }),
    ("resizeShortest", { $0.input.resizeShortest = nil }),
    ("resizeShortest", { $0.input.resizeShortest = 200 }),
    ("detection part", { $0.task = .detect }),
    ("segmentation part", { $0.task = .segment }),
    ("names no outputs", { $0.task = .classify }),
    ("classifier has 0 outputs", { $0.classifierOutputs = 0 }),
    (
      "beyond its 2",
      {
        $0.task = .classify
        $0.classifierOutputs = 2
        $0.labels = [ClassLabel(output: 2, id: 2, name: "two")]
      }
    ),
    (
      "twice",
      {
        $0.task = .classify
        $0.classifierOutputs = 2
        $0.labels = [ClassLabel(output: 1, id: 1, name: "one"), ClassLabel(output: 1, id: 2, name: "two")]
      }
    ),
  ]

  @Test func aProperCardHasNoFault() { #expect(Fixtures.card.fault == nil) }

  @Test(arguments: faults.indices) func improperCardsAreNeitherWrittenNorRead(index: Int) throws {
    let (says, change) = ModelCardTests.faults[index]
    var card = Fixtures.card
    change(&card)
    let fault = try #require(card.fault)
    #expect(fault.contains(says), "\(fault)")
    #expect(throws: ModelFileError.card(path: "/tmp/never", reason: fault)) {
      try ModelFile.write(card: card, weights: Fixtures.weights, to: "/tmp/never")
    }
  }

  static let detection = DetectionCard(
    outputs: 2, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
    maximumScale: 0.95, maps: 6, scoreThreshold: 1e-8, iouThreshold: 0.6, maximumDetections: 100)
  static let detectionFaults: [(String, @Sendable (inout DetectionCard) -> Void)] = [
    ("0 outputs", { $0.outputs = 0 }), ("background output is 2", { $0.backgroundOutput = 2 }),
    ("four positive", { $0.boxCoder = [10, 10, 5] }), ("four positive", { $0.boxCoder[2] = 0 }),
    ("scales", { $0.minimumScale = 1.5 }), ("scales", { $0.minimumScale = .nan }), ("1 maps", { $0.maps = 1 }),
    ("thresholds", { $0.scoreThreshold = -1 }), ("thresholds", { $0.iouThreshold = .nan }),
    ("keeps 0", { $0.maximumDetections = 0 }), ("recommended score is 1.5", { $0.recommendedScore = 1.5 }),
    ("recommended score is nan", { $0.recommendedScore = .nan }),
  ]

  @Test(arguments: detectionFaults.indices) func improperDetectionIsFound(index: Int) throws {
    let (says, change) = ModelCardTests.detectionFaults[index]
    var card = Fixtures.card
    card.task = .detect
    card.detection = ModelCardTests.detection
    #expect(card.fault == nil)
    change(&card.detection!)
    #expect(try #require(card.fault).contains(says))
  }

  @Test func improperSegmentationIsFound() throws {
    var card = Fixtures.card
    card.task = .segment
    let proper = SegmentationCard(
      outputs: 21, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5)
    card.segmentation = proper
    #expect(card.fault == nil)
    card.segmentation!.outputs = 257
    #expect(try #require(card.fault).contains("257 outputs"))
    card.segmentation = proper
    card.segmentation!.backgroundID = 21
    #expect(try #require(card.fault).contains("background is class 21"))
    card.segmentation = proper
    card.segmentation!.voidID = 256
    #expect(try #require(card.fault).contains("void class is 256"))
  }

  /// A head has a pyramid or DeepLab's branches; older cards have neither key.
  @Test func headsAreChosenByTheCard() throws {
    var card = Fixtures.card
    card.task = .segment
    card.detection = ModelCardTests.detection
    card.segmentation = SegmentationCard(
      outputs: 21, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5)
    func json() throws -> String { String(decoding: try JSONEncoder().encode(card), as: UTF8.self) }
    let old = try json()
    #expect(!old.contains("branches") && !old.contains("convolutions"))
    #expect(try ModelCard(json: Array(old.utf8), path: "f") == card)
    card.segmentation!.branches = .aspp
    card.detection!.convolutions = .full
    #expect(try ModelCard(json: Array(json().utf8), path: "f") == card)
    let unknown = try json().split(separator: "\"full\"").joined(separator: "\"half\"")
    #expect(throws: ModelFileError.self) { try ModelCard(json: Array(unknown.utf8), path: "f") }
    card.segmentation!.pyramid = PyramidCard(levels: ["block16", "block3"], widths: [8])
    #expect(try #require(card.fault).contains("more than one of a pyramid, DeepLab's branches and layers"))
  }

  /// Figures and a recommended score are stored exactly; older cards have neither key.
  @Test func figuresAreKept() throws {
    var card = Fixtures.card
    card.task = .detect
    card.detection = ModelCardTests.detection
    func json() throws -> String { String(decoding: try JSONEncoder().encode(card), as: UTF8.self) }
    let old = try json()
    #expect(!old.contains("figures") && !old.contains("recommendedScore"))
    #expect(try ModelCard(json: Array(old.utf8), path: "f") == card)
    card.detection!.recommendedScore = Float(0.41).nextUp
    card.figures = [
      MeasuredFigure(metric: "AP50", value: 0.1 + 0.2, images: 5),
      MeasuredFigure(metric: "AP50", className: "a \"quoted\"\nname", value: 1.0 / 3, images: 5),
    ]
    #expect(card.fault == nil)
    #expect(try ModelCard(json: Array(json().utf8), path: "f") == card)
    for (says, change) in [
      ("whose name is empty", { $0.metric = "" }), ("control characters", { $0.metric = "a\nb" }),
      ("AP50 is inf", { $0.value = .infinity }), ("of 0 images", { $0.images = 0 }),
    ] as [(String, (inout MeasuredFigure) -> Void)] {
      var broken = card
      change(&broken.figures![0])
      #expect(try #require(broken.fault).contains(says))
    }
    card.figures = Array(repeating: card.figures![0], count: 10_001)
    #expect(try #require(card.fault).contains("10001 figures"))
    #expect(throws: ModelFileError.self) { try ModelCard(json: Array(json().utf8), path: "f") }
  }

  @Test func unknownWordsAndMissingKeysAreNamed() {
    func reason(_ json: String) -> String {
      do {
        _ = try ModelCard(json: Array(json.utf8), path: "f")
        return "none"
      } catch { return error.description }
    }
    #expect(reason("{}").contains("the card has no format"))
    #expect(reason(#"{"format":"one"}"#).contains("the card's format has an unknown or wrong value"))
    #expect(reason(#"{"format":1,"name":"n","task":"dance"}"#).contains("the card's task has an unknown"))
    #expect(reason("[]").contains("unknown or wrong value"))
  }
}

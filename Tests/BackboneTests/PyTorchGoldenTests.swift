import Backbone
import Checkpoints
import DeepLabLite
import ModelFiles
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Checkpoints with torchvision's, timm's and Hugging Face's names: imported, and compared with PyTorch tap by tap.
@Suite struct PyTorchGoldenTests {
  private struct RecordedNetwork: Decodable {
    struct Card: Decodable {
      let task: String
      let width: Double
      let padding: Padding
      let outputStride: Int
      let outputs: Int
    }
    struct Case: Decodable {
      let size: Int
      let taps: [TensorGolden]
    }
    let card: Card
    let tensors: [FormulaWeights.Tensor]
    let counters: [String]
    let cases: [Case]
  }

  /// Errors are relative, with a floor of 10% of the map's largest value.
  private static let tolerance: Float = 1e-4

  private func check(_ golden: TensorGolden, _ tensor: borrowing Tensor, _ title: String) -> Float {
    let shape = tensor.shape
    #expect([shape.height, shape.width, shape.channels] == golden.shape, "\(title) \(golden.name)")
    let values = tensor.values()
    let comparison = golden.compare(values, floor: 0.1)
    #expect(comparison.isWithin(Self.tolerance), "\(title) \(comparison)")
    let moments = TensorGolden.moments(values)
    #expect(abs(moments.mean - golden.mean) <= 1e-4 * golden.peak, "\(title) \(golden.name)")
    #expect(abs(moments.deviation - golden.deviation) <= 1e-4 * golden.peak, "\(title) \(golden.name)")
    return comparison.largestError
  }

  /// One network of each family in debug builds, in which computing millions of weights is slow.
  private static let networks: [String] = {
    let few = ["torchvision_050", "timm_035", "hf_100", "hf_segmentation_16"]
    #if DEBUG
      return few
    #else
      return few + ["torchvision_100", "timm_100", "timm_140", "hf_140", "hf_segmentation_8"]
    #endif
  }()

  @Test("features and logits agree", arguments: networks)
  func features(name: String) throws {
    let golden = try Golden.load("pytorch_\(name).json", as: RecordedNetwork.self)
    let segments = golden.card.task == "segment"
    try TestData.withTemporaryFolder { folder in
      let path = folder + "/\(name).safetensors"
      let bytes = FormulaWeights(tensors: golden.tensors, counters: golden.counters).safetensors()
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      var overrides = ImportOverrides()
      if segments { overrides.outputStride = golden.card.outputStride }
      let model = try Importer.importCheckpoint(path: path, overrides: overrides)
      #expect(model.card.backbone.widthMultiplier == golden.card.width)
      #expect(model.card.backbone.padding == golden.card.padding)
      #expect(model.card.backbone.outputStride == golden.card.outputStride)

      let backbone = (
        graph: try Graph(model.card.backbone),
        network: try Network(model.card.backbone, weights: model.weights, session: Session(threads: 2))
      )
      for one in golden.cases {
        let input = Synthetic.input(width: one.size, height: one.size)
        let names = one.taps.map(\.name).filter { $0 != "logits" }
        let maps = try backbone.network.features(of: input, taps: names.map { Tap($0) })
        var largest: Float = 0
        for tap in one.taps where tap.name != "logits" {
          largest = max(largest, check(tap, maps[Tap(tap.name)].tensor, "\(name) \(one.size)"))
        }
        var graph = backbone.graph
        if segments {
          try graph.deepLabLite(outputs: try #require(model.card.segmentation).outputs)
        } else {
          #expect(model.card.classifierOutputs == golden.card.outputs)
          graph.classifier(outputs: golden.card.outputs)
        }
        let logits = try Network(graph, weights: model.weights, session: Session(threads: 2)).outputs(of: input)[0]
        let expected = try #require(one.taps.first { $0.name == "logits" })
        largest = max(largest, check(expected, logits.tensor, "\(name) \(one.size)"))
        print("\(name) \(one.size): largest error \(largest) of \(one.taps.count) maps, tolerance \(Self.tolerance)")
      }
    }
  }
}

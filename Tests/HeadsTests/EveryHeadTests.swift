import Backbone
import DeepLabLite
import Graphs
import Kernels
import PyramidLite
import SSDLite
import TestSupport
import Testing

/// Every head on every backbone: the head's outputs against plain reference layers on the same maps.
@Suite struct EveryHeadTests {
  /// A family's network by name, for an output stride.
  static func layout(_ name: String, _ outputStride: Int = 32) -> NetworkLayout {
    switch name {
    case "mobilenet-v1": return .mobileNetV1(width: 0.25, outputStride: outputStride)
    case "mobilenet-v2": return .mobileNetV2(width: 0.35, outputStride: outputStride)
    case "mobilenet-v2 symmetric":
      return .mobileNetV2(width: 0.35, outputStride: outputStride, padding: .symmetric, hasLastConvolution: false)
    case "mobilenet-v2 relu6":
      return .mobileNetV2(width: 0.35, outputStride: outputStride, ablation: Ablation(bottleneck: .relu6))
    case "mobilenet-v2 expansions":
      return .mobileNetV2(width: 0.35, outputStride: outputStride, ablation: Ablation(shortcut: .expansions))
    case "shufflenet g3": return .shuffleNet(groups: 3, scale: 0.25, outputStride: outputStride)
    case "shufflenet g8": return .shuffleNet(groups: 8, scale: 0.25, outputStride: outputStride)
    default: preconditionFailure(name)
    }
  }

  static let networks = [
    "mobilenet-v1", "mobilenet-v2", "mobilenet-v2 symmetric", "mobilenet-v2 relu6", "mobilenet-v2 expansions",
    "shufflenet g3", "shufflenet g8",
  ]
  /// Rows and columns of inputs, including some with odd maps.
  private static let sizes = [(33, 97), (129, 70), (81, 81)]

  private func expect(_ found: [Float], _ expected: [Float], _ title: String) {
    let peak = expected.reduce(Float(0)) { max($0, abs($1)) }
    let comparison = Comparison(title, found: found, expected: expected, floor: max(0.1 * peak, 1e-6))
    #expect(comparison.isWithin(1e-4), "\(comparison)")
    #expect(found.count == 1 || found.contains { $0 != found[0] }, "\(title): all the same")
  }

  /// Appends a head to a network and compares its outputs with plain layers on its input maps.
  private func check(
    _ name: String, _ outputStride: Int, outputs: Int = 1, _ append: (inout Graph, NetworkLayout) throws -> Void
  ) throws {
    let layout = Self.layout(name, outputStride)
    let backbone = layout.graph
    var graph = backbone
    try append(&graph, layout)
    #expect(graph.outputs.count == outputs)
    let head = try graph.suffix(after: backbone.nodes.count)
    let weights = Weights.random(graph.parameters, seed: 3)
    let network = try Network(graph, weights: weights, session: Session(threads: 2))
    for (height, width) in Self.sizes {
      let input = Synthetic.input(width: width, height: height)
      let maps = try network.features(of: input, taps: head.inputTaps)
      let expected = try PlainLayers(weights: weights).outputs(head) { PlainMap(maps[Tap($0)].tensor) }
      let found = try network.outputs(of: input)
      for (index, (found, expected)) in zip(found, expected).enumerated() {
        let title = "\(name) output stride \(outputStride) \(height)x\(width), output \(index)"
        #expect(found.shape == expected.shape, "\(title)")
        expect(found.tensor.values(), expected.values, title)
      }
    }
  }

  @Test(arguments: networks) func classifier(name: String) throws {
    try check(name, 32) { graph, _ in graph.classifier(outputs: 11) }
  }

  @Test(arguments: networks, [32, 16]) func ssdLite(name: String, outputStride: Int) throws {
    try check(name, outputStride, outputs: 12) { try $0.ssdlite(outputs: 5, width: $1.width.value) }
  }

  @Test(arguments: networks, [32, 16]) func ssd(name: String, outputStride: Int) throws {
    try check(name, outputStride, outputs: 12) { try $0.ssdlite(outputs: 5, width: $1.width.value, .full) }
  }

  @Test(arguments: networks, [32, 16, 8]) func deepLabLite(name: String, outputStride: Int) throws {
    try check(name, outputStride) { graph, _ in try graph.deepLabLite(outputs: 7) }
  }

  @Test(arguments: networks, [32, 16, 8]) func atrousPyramid(name: String, outputStride: Int) throws {
    try check(name, outputStride) { graph, _ in try graph.deepLabLite(outputs: 7, .aspp) }
  }

  @Test(arguments: networks, [32, 16, 8]) func pyramid(name: String, outputStride: Int) throws {
    try check(name, outputStride) { try $0.pyramid(outputs: 3, .usual(on: $1)) }
  }

  /// A custom head on every backbone, written for one of them.
  @Test(arguments: networks, [32, 8]) func aHeadOfOnesOwn(name: String, outputStride: Int) throws {
    try check(name, outputStride, outputs: 2) { graph, _ in
      for (index, tap) in [Tap.block(2), graph.deepest.tap].enumerated() {
        let filtered = graph.depthwise(
          "own\(index).depthwise", try graph.value(of: tap), padding: graph.padding, .relu6)
        graph.output(graph.pointwise("own\(index).pointwise", filtered, outputs: 6, .linear))
      }
    }
  }
}

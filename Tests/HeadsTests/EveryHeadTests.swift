import Backbone
import DeepLabLite
import HeadKit
import Kernels
import PyramidLite
import SSDLite
import TestSupport
import Testing

/// Every head on every backbone: the head's answer against plain reference layers on the maps that it was given.
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
  /// Rows and columns of inputs, odd maps among them.
  private static let sizes = [(33, 97), (129, 70), (81, 81)]

  private func expect(_ found: [Float], _ expected: [Float], _ title: String) {
    let peak = expected.reduce(Float(0)) { max($0, abs($1)) }
    let comparison = Comparison(title, found: found, expected: expected, floor: max(0.1 * peak, 1e-6))
    #expect(comparison.isWithin(1e-4), "\(comparison)")
    #expect(found.contains { $0 != found[0] }, "\(title): all the same")
  }

  /// Calls with a network, its weights and those of a head, for each size.
  private func each(
    _ layout: NetworkLayout, _ parameters: [ParameterInfo],
    _ body: (_ backbone: Network, _ layers: PlainLayers, _ maps: ([Tap]) throws -> FeatureMaps, _ title: String) throws
      -> Void
  ) throws {
    let weights = Weights.random(layout.parameters + parameters, seed: 3)
    let backbone = try Network(layout, weights: weights, compute: Compute(threads: 2))
    for (height, width) in Self.sizes {
      let input = Synthetic.input(width: width, height: height)
      try body(
        backbone, PlainLayers(weights: weights, padding: layout.padding),
        { try backbone.features(of: input, taps: $0) },
        "\(layout.family) output stride \(layout.outputStride) \(height)x\(width)")
    }
  }

  @Test(arguments: networks) func classifier(name: String) throws {
    let layout = Self.layout(name)
    try each(layout, Classifier.parameters(classes: 11, layout: layout)) { backbone, layers, maps, title in
      let head = try Classifier(classes: 11, on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      let pooled = layers.pooled(PlainMap(maps[layout.taps.last!.tap].tensor))
      expect(head(maps).tensor.values(), try layers.pointwise("classifier", pooled, .linear).values, title)
    }
  }

  @Test(arguments: networks, [32, 16]) func ssdLite(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    let graph = try SSDLiteHead.graph(outputs: 5, on: layout, isPretrained: true)
    try each(layout, SSDLiteHead.parameters(outputs: 5, layout: layout)) { backbone, layers, maps, title in
      let head = try SSDLiteHead(.test(5, nil), on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      let logits = head(maps)
      let answers = try layers.answers(graph, maps)
      for (kind, found) in [logits.codes, logits.logits].enumerated() {
        let expected = answers.enumerated().filter { $0.offset % 2 == kind }.flatMap(\.element.values)
        expect(found, expected, title)
      }
    }
  }

  @Test(arguments: networks, [32, 16]) func ssd(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    try each(layout, SSDLiteHead.parameters(outputs: 5, layout: layout, .full)) { backbone, layers, maps, title in
      let head = try SSDLiteHead(.test(5, .full), on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      let logits = head(maps)
      let expected = try layers.ssd(head.taps.map { PlainMap(maps[$0].tensor) })
      expect(logits.codes, expected.codes, title)
      expect(logits.logits, expected.logits, title)
    }
  }

  @Test(arguments: networks, [32, 16, 8]) func deepLabLite(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    let graph = try DeepLabLiteHead.graph(outputs: 7, on: layout)
    try each(layout, DeepLabLiteHead.parameters(outputs: 7, layout: layout)) { backbone, layers, maps, title in
      let head = try DeepLabLiteHead(.test(7, nil), on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      expect(head(maps).tensor.values(), try layers.answers(graph, maps)[0].values, title)
    }
  }

  @Test(arguments: networks, [32, 16, 8]) func atrousPyramid(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    try each(layout, DeepLabLiteHead.parameters(outputs: 7, layout: layout, .aspp)) { backbone, layers, maps, title in
      let head = try DeepLabLiteHead(.test(7, .aspp), on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      let expected = try layers.aspp(PlainMap(maps[layout.deepestBlock].tensor), outputStride: outputStride)
      expect(head(maps).tensor.values(), expected.values, title)
    }
  }

  @Test(arguments: networks, [32, 16, 8]) func pyramid(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    let card = PyramidCard.usual(on: layout)
    let graph = try PyramidLiteHead.graph(outputs: 3, card, on: layout)
    try each(layout, graph.parameters) { backbone, layers, maps, title in
      let head = try PyramidLiteHead(.test(3, nil), card, on: backbone, weights: layers.weights)
      let maps = try maps(head.taps)
      expect(head(maps).tensor.values(), try layers.answers(graph, maps)[0].values, title)
    }
  }

  /// A head of one's own that was written with one backbone in mind.
  private struct TwoMaps: Head {
    let taps: [Tap]
    let predictors: [SeparablePredictor]

    init(on backbone: any Backbone, weights: Weights) throws {
      let taps: [Tap] = [.block(2), backbone.layout.deepestBlock]
      predictors = try taps.map {
        try SeparablePredictor(
          "\($0)", inputs: try backbone.info($0).channels, outputs: 6, padding: backbone.layout.padding,
          weights: weights, compute: backbone.compute)
      }
      self.taps = taps
    }

    func callAsFunction(_ maps: FeatureMaps) -> [Float] {
      zip(taps, predictors).flatMap { $1(maps[$0].tensor).values() }
    }
  }

  @Test(arguments: networks, [32, 8]) func aHeadOfOnesOwn(name: String, outputStride: Int) throws {
    let layout = Self.layout(name, outputStride)
    let taps: [Tap] = [.block(2), layout.deepestBlock]
    let parameters = try taps.flatMap {
      SeparablePredictor.parameters("\($0)", inputs: try layout.info($0).channels, outputs: 6)
    }
    try each(layout, parameters) { backbone, layers, maps, title in
      let maps = try maps(taps)
      let expected = try taps.flatMap { tap in
        let filtered = try layers.depthwise("\(tap).depthwise", PlainMap(maps[tap].tensor), .relu6)
        return try layers.pointwise("\(tap).pointwise", filtered, .linear).values
      }
      expect(try TwoMaps(on: backbone, weights: layers.weights)(maps), expected, title)
    }
  }
}

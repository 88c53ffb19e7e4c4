import Backbone
import Kernels
import ModelFiles
import Tensors
import TestSupport
import Testing

/// MobileNetV1, ShuffleNet and MobileNetV2's ablations against PyTorch in double precision, tap by tap.
@Suite struct NetworkGoldenTests {
  private struct File: Decodable {
    struct Case: Decodable {
      let width, height: Int
      let padding: Padding
      let outputStride: Int
      let gain: Double
      let bottleneck, shortcut: String?
      let taps: [TensorGolden]
    }
    let scale: Double
    let groups: Int
    let cases: [Case]
  }

  /// Errors are relative, with a floor of 1% of the map's largest value.
  private static let tolerance: Float = 1e-4

  /// The formula of the weights, as in `Tests/Golden/generate_networks.py`.
  private func weights(of layout: NetworkLayout, gain: Double) -> Weights {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for parameter in layout.graph.parameters {
      let shape = parameter.shape
      let inputs = shape.count == 3 ? 9 : shape.dropLast().reduce(1, *)
      let bound: Float = shape.count == 1 ? 0.3 : Float((gain / Double(inputs)).squareRoot())
      var random = SplitMix64(named: parameter.name)
      tensors[parameter.name] = (shape, (0..<shape.reduce(1, *)).map { _ in (random.unit() * 2 - 1) * bound })
    }
    return Weights(source: "weights by formula", tensors: tensors)
  }

  private func check(
    _ layout: NetworkLayout, _ weights: Weights, _ one: File.Case, _ title: String, every: Bool = true
  ) throws {
    let network = try Network(layout.graph, weights: weights, session: Session(threads: 2))
    let input = Synthetic.input(width: one.width, height: one.height)
    let names = one.taps.map(\.name)
    let taps = names.map { Tap($0) }
    let title = "\(title), \(one.width)x\(one.height), \(one.padding), output stride \(one.outputStride)"
    if every {
      #expect(layout.graph.taps.map(\.name).filter { !$0.hasSuffix("/depthwise") } == names, "\(title)")
    } else {
      #expect(Set(names).isSubset(of: layout.graph.taps.map(\.name)), "\(title)")
    }
    var largest = try compare(network.features(of: input, taps: taps), one.taps, title)
    // Other taps give other plans, which must compute the same maps.
    for place in [taps.count - 1, taps.count / 2] {
      let maps = try network.features(of: input, taps: [taps[place]])
      largest = max(largest, try compare(maps, [one.taps[place]], "\(title), \(names[place]) alone"))
    }
    print("\(title): largest error \(largest) of \(taps.count) maps, tolerance \(Self.tolerance)")
  }

  private func compare(_ maps: FeatureMaps, _ goldens: [TensorGolden], _ title: String) throws -> Float {
    var largest: Float = 0
    for golden in goldens {
      let map = maps[Tap(golden.name)]
      #expect([map.shape.height, map.shape.width, map.shape.channels] == golden.shape, "\(title) \(golden.name)")
      let values = map.tensor.values()
      let comparison = golden.compare(values)
      #expect(comparison.isWithin(Self.tolerance), "\(title) \(comparison)")
      largest = max(largest, comparison.largestError)
      // Maps after a wrong one are wrong too.
      guard comparison.isWithin(Self.tolerance) else { break }
      let moments = TensorGolden.moments(values)
      for (found, expected) in [
        (moments.mean, golden.mean), (moments.deviation, golden.deviation), (moments.peak, golden.peak),
      ] {
        #expect(abs(found - expected) <= 1e-4 * golden.peak, "\(title) \(golden.name): \(found), expected \(expected)")
      }
    }
    return largest
  }

  @Test("MobileNetV1 agrees at every tap", arguments: ["100", "050", "025"])
  func mobileNetV1(name: String) throws {
    let file = try Golden.load("network_mobilenet-v1_\(name).json", as: File.self)
    let weights = weights(of: .mobileNetV1(width: file.scale), gain: file.cases[0].gain)
    for one in file.cases {
      let layout = NetworkLayout.mobileNetV1(
        width: file.scale, outputStride: one.outputStride, padding: one.padding)
      try check(layout, weights, one, "MobileNetV1 \(file.scale)")
    }
  }

  @Test(
    "ShuffleNet agrees at every tap",
    arguments: ["1_050", "2_100", "3_050", "4_100", "8_050", "3_200", "3_150", "8_025"])
  func shuffleNet(name: String) throws {
    let file = try Golden.load("network_shufflenet_\(name).json", as: File.self)
    let weights = weights(of: .shuffleNet(groups: file.groups, scale: file.scale), gain: file.cases[0].gain)
    for one in file.cases {
      let layout = NetworkLayout.shuffleNet(
        groups: file.groups, scale: file.scale, outputStride: one.outputStride, padding: one.padding)
      try check(layout, weights, one, "ShuffleNet \(file.scale) with \(file.groups) groups")
    }
  }

  @Test("MobileNetV2's ablations agree")
  func ablations() throws {
    let file = try Golden.load("network_mobilenet-v2_ablations.json", as: File.self)
    let weights = weights(of: .mobileNetV2(width: file.scale), gain: file.cases[0].gain)
    for one in file.cases {
      let ablation = Ablation(
        bottleneck: try #require(one.bottleneck.flatMap(Ablation.Bottleneck.init)),
        shortcut: try #require(one.shortcut.flatMap(Ablation.Shortcut.init)))
      let layout = NetworkLayout.mobileNetV2(
        width: file.scale, outputStride: one.outputStride, padding: one.padding, ablation: ablation)
      try check(layout, weights, one, "bottleneck \(ablation.bottleneck), shortcut \(ablation.shortcut)", every: false)
    }
  }
}

import Backbone
import Kernels
import ModelFiles
import Tensors
import TestSupport
import Testing

/// The person detector's backbone against TensorFlow on the same graph, tap by tap.
@Suite(
  .enabled(if: TestData.model("person-ssdlite") != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
struct TensorFlowGoldenTests {
  private struct Whole: Decodable {
    let size: Int
    let taps: [TensorGolden]
  }

  private struct Dilated: Decodable {
    struct Case: Decodable {
      let outputStride: Int
      let names: [String]
      let taps: [TensorGolden]
    }
    let size: Int
    let cases: [Case]
  }

  /// Errors are relative, with a floor of 1% of the map's largest value.
  private static let tolerance: Float = 2e-4

  private func model() throws -> ModelFile { try ModelFile.open(path: TestData.model("person-ssdlite")!) }

  private func check(_ maps: FeatureMaps, names: [String], goldens: [TensorGolden], _ title: String) throws {
    var largest: Float = 0
    for (name, golden) in zip(names, goldens) {
      let map = maps[Tap(name)]
      let values = map.tensor.values()
      #expect([map.shape.height, map.shape.width, map.shape.channels] == golden.shape, "\(title) \(name)")
      let comparison = golden.compare(values)
      #expect(comparison.isWithin(Self.tolerance), "\(title) \(comparison)")
      largest = max(largest, comparison.largestError)
      let moments = TensorGolden.moments(values)
      for (found, expected) in [
        (moments.mean, golden.mean), (moments.deviation, golden.deviation), (moments.peak, golden.peak),
      ] {
        #expect(abs(found - expected) <= 1e-4 * golden.peak, "\(title) \(name): \(found), expected \(expected)")
      }
    }
    print("\(title): largest error \(largest) of \(goldens.count) maps, tolerance \(Self.tolerance)")
  }

  @Test("agrees at every tap", arguments: [224, 257, 300, 513])
  func taps(size: Int) throws {
    let golden = try Golden.load("backbone_\(size).json", as: Whole.self)
    let model = try model()
    let backbone = try Network(model.card.backbone, weights: model.weights, session: Session(threads: 2))
    let names = golden.taps.map(\.name)
    let taps = names.map { Tap($0) }
    let input = Synthetic.input(width: size, height: size)
    try check(backbone.features(of: input, taps: taps), names: names, goldens: golden.taps, "\(size)")
    // Without taps inside the blocks the plan differs, but must compute the same maps.
    for tap in [Tap.block(12), .expansion(13), .last] {
      let place = try #require(taps.firstIndex(of: tap))
      try check(
        backbone.features(of: input, taps: [tap]), names: [names[place]], goldens: [golden.taps[place]],
        "\(size), \(tap) alone")
    }
  }

  @Test("agrees with dilation instead of stride", arguments: [257, 513])
  func dilated(size: Int) throws {
    let golden = try Golden.load("backbone_dilated_\(size).json", as: Dilated.self)
    let model = try model()
    for one in golden.cases {
      var card = model.card.backbone
      card.outputStride = one.outputStride
      let backbone = try Network(card, weights: model.weights, session: Session(threads: 2))
      let taps = one.names.map { Tap($0) }
      let maps = try backbone.features(of: Synthetic.input(width: size, height: size), taps: taps)
      try check(maps, names: one.names, goldens: one.taps, "\(size), output stride \(one.outputStride)")
    }
  }
}

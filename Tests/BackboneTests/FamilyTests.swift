import Backbone
import Kernels
import TestSupport
import Testing

/// MobileNetV1, ShuffleNet and MobileNetV2's ablations: each tap of the compiled network against the reference layers.
@Suite struct FamilyTests {
  static let layouts: [NetworkLayout] = [
    .mobileNetV1(width: 0.25), .mobileNetV1(width: 0.5, padding: .symmetric),
    .mobileNetV1(width: 0.25, outputStride: 16), .mobileNetV1(width: 0.25, outputStride: 8),
    .mobileNetV1(width: 0.3, divisor: 1),
    .shuffleNet(groups: 1, scale: 0.25), .shuffleNet(groups: 2, scale: 0.25), .shuffleNet(groups: 3, scale: 0.5),
    .shuffleNet(groups: 4, scale: 0.25), .shuffleNet(groups: 8, scale: 0.25), .shuffleNet(groups: 8, scale: 0.5),
    .shuffleNet(groups: 3, scale: 0.25, padding: .same),
    .shuffleNet(groups: 3, scale: 0.25, outputStride: 16), .shuffleNet(groups: 4, scale: 0.25, outputStride: 8),
    .mobileNetV2(width: 0.35, ablation: Ablation(bottleneck: .relu6)),
    .mobileNetV2(width: 0.35, ablation: Ablation(shortcut: .none)),
    .mobileNetV2(width: 0.35, ablation: Ablation(shortcut: .expansions)),
    .mobileNetV2(width: 0.35, outputStride: 16, ablation: Ablation(bottleneck: .relu6, shortcut: .expansions)),
  ]

  @Test(arguments: layouts) func everyTapIsThatOfTheReferenceLayers(_ layout: NetworkLayout) throws {
    let weights = Weights.random(layout.graph.parameters, seed: 7)
    let input = Synthetic.input(width: 53, height: 39)
    let reference = try ReferenceNetwork(layout, weights: weights, input)
    for kernels in KernelSet.available {
      for threads in [1, 3] {
        let network = try Network(layout.graph, weights: weights, session: Session(threads: threads, kernels: kernels))
        let maps = try network.features(of: input, taps: layout.graph.taps.map(\.tap))
        for info in layout.graph.taps {
          let (map, expected) = (maps[info.tap], reference.maps[info.tap]!)
          #expect(map.shape == expected.shape, "\(info.name)")
          #expect(map.shape == layout.graph.shape(of: info.tap, height: 39, width: 53), "\(info.name)")
          #expect(info.channels == expected.shape.channels)
          let peak = expected.values.reduce(0) { max($0, abs($1)) }
          #expect(peak > 0.01, "\(info.name) is nearly nothing")
          var worst: Float = 0
          for (found, plain) in zip(map.tensor.values(), expected.values) {
            worst = max(worst, abs(found - plain) / max(abs(plain), 0.1 * peak))
          }
          #expect(worst <= 1e-4, "\(kernels.isa) threads \(threads) \(info.name): off by \(worst)")
        }
      }
    }
  }

  /// A single tap ends the plan early, sometimes inside a pass.
  ///
  /// The bits do not depend on threads or on other taps.
  @Test(arguments: layouts) func aTapIsTheSameAloneInCompanyAndOnManyThreads(_ layout: NetworkLayout) throws {
    let weights = Weights.random(layout.graph.parameters, seed: 7)
    let input = Synthetic.input(width: 53, height: 71)
    let all = try Network(layout.graph, weights: weights, session: Session(threads: 1))
      .features(of: input, taps: layout.graph.taps.map(\.tap))
    for threads in [1, 2, 4] {
      let network = try Network(layout.graph, weights: weights, session: Session(threads: threads))
      for info in layout.graph.taps {
        let one = try network.features(of: input, taps: [info.tap])
        #expect(one[info.tap].tensor.values() == all[info.tap].tensor.values(), "\(info.name) threads \(threads)")
      }
    }
  }

  /// Source: ShuffleNet's table 1; its authors' published code for the first convolution.
  @Test func shuffleNetHasItsTablesChannels() {
    #expect(ShuffleNetTable.channels.keys.sorted() == NetworkFamily.shuffleNetGroups)
    for (groups, channels) in [(1, 144), (2, 200), (3, 240), (4, 272), (8, 384)] {
      let layout = NetworkLayout.shuffleNet(groups: groups)
      #expect(layout.blocks.count == 16)
      #expect(layout.stemChannels == 24)
      #expect(
        layout.blocks.map(\.outputs)
          == [4, 8, 4].enumerated().flatMap { stage, repeats in
            [Int](repeating: channels << stage, count: repeats)
          })
    }
    #expect([0.5, 1, 1.5, 2].map { NetworkLayout.shuffleNet(scale: $0).stemChannels } == [12, 24, 24, 48])
    #expect(NetworkLayout.shuffleNet().blocks.map(\.stride).filter { $0 == 2 }.count == 3)
  }

  /// Source: MobileNetV1's table 1.
  @Test func mobileNetV1HasItsTablesRows() {
    let layout = NetworkLayout.mobileNetV1()
    #expect(layout.blocks.map(\.outputs) == [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024])
    #expect(layout.blocks.map(\.stride) == [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1])
    #expect(NetworkLayout.mobileNetV1(outputStride: 8).blocks.map(\.dilation).suffix(8) == [1, 2, 2, 2, 2, 2, 2, 4])
  }

  /// Costs with a classifier of 1000 classes.
  ///
  /// Source: MobileNetV1's table 8; MobileNetV2's table 4; ShuffleNet's tables 2 and 5. Table 4 has 6.9 M for width
  /// 1.4, but its authors' own list of checkpoints has 6.06 M.
  @Test(arguments: [
    (NetworkLayout.mobileNetV1(), 4.2, 569.0), (.mobileNetV2(), 3.4, 300), (.mobileNetV2(width: 1.4), 6.1, 585),
    (.shuffleNet(scale: 1.5), 3.4, 292), (.shuffleNet(scale: 2), 5.4, 524),
  ]) func countsAreThePapers(_ layout: NetworkLayout, _ millionParameters: Double, _ millionAdds: Double) {
    let costs = layout.graph.costs(height: 224, width: 224)
    let classifier = layout.graph.taps.last!.channels * 1000
    let parameters = costs.reduce(classifier + 1000) { $0 + $1.parameters }
    let adds = costs.reduce(classifier) { $0 + $1.multiplyAdds }
    #expect(abs(Double(parameters) / 1e6 - millionParameters) < 0.1, "\(parameters)")
    #expect(abs(Double(adds) / 1e6 - millionAdds) / millionAdds < 0.006, "\(adds)")
    #expect(parameters - classifier - 1000 == layout.graph.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
  }
}

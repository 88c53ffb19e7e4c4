import Backbone
import TestSupport
import Testing

@Suite struct NetworkTests {
  @Test func theTableHasSeventeenBlocks() {
    #expect(NetworkLayout.mobileNetV2().blocks.count == 17)
    #expect(
      NetworkLayout.mobileNetV2().blocks.map(\.outputs) == [
        16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320,
      ])
  }

  /// Source: the rounding of the published code; ports often get half width wrong.
  @Test(arguments: [
    (0.35, 16, [8, 8, 16, 24, 32, 56, 112], 1280), (0.5, 16, [8, 16, 16, 32, 48, 80, 160], 1280),
    (0.75, 24, [16, 24, 24, 48, 72, 120, 240], 1280), (1.0, 32, [16, 24, 32, 64, 96, 160, 320], 1280),
    (1.4, 48, [24, 32, 48, 88, 136, 224, 448], 1792),
  ]) func widthsRoundAsPublished(_ width: Double, _ stem: Int, _ rows: [Int], _ last: Int) {
    let layout = NetworkLayout.mobileNetV2(width: width)
    #expect(layout.stemChannels == stem)
    #expect(PaperTable.bottlenecks.map { layout.width($0.channels) } == rows)
    #expect(layout.lastChannels == last)
  }

  @Test func theBlockThatLosesItsStrideKeepsTheOldDilation() {
    #expect(NetworkLayout.mobileNetV2(outputStride: 16).blocks.suffix(4).map(\.dilation) == [1, 2, 2, 2])
    #expect(
      NetworkLayout.mobileNetV2(outputStride: 8).blocks.map(\.dilation) == [
        1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4,
      ])
    #expect(NetworkLayout.mobileNetV2(outputStride: 8).blocks.last?.outputStride == 8)
  }

  @Test(arguments: [32, 16, 8], [33, 57, 96]) func everyTapHasTheShapeItDescribes(_ outputStride: Int, _ size: Int)
    throws
  {
    for padding in Padding.allCases {
      let layout = NetworkLayout.mobileNetV2(width: 0.35, outputStride: outputStride, padding: padding)
      let network = try Network(layout.graph, weights: .random(layout.graph.parameters))
      let maps = try network.features(
        of: Synthetic.input(width: size + 3, height: size), taps: layout.graph.taps.map(\.tap))
      for info in layout.graph.taps {
        func extent(_ n: Int) -> Int { (n + info.stride - 1) / info.stride }
        #expect(
          maps[info.tap].shape == Shape(height: extent(size), width: extent(size + 3), channels: info.channels),
          "\(info.name)")
      }
    }
  }

  @Test func aTapIsTheSameAloneAndInCompany() throws {
    let layout = NetworkLayout.mobileNetV2(width: 0.35)
    let network = try Network(layout.graph, weights: .random(layout.graph.parameters))
    let input = Synthetic.input(width: 65, height: 49)
    let all = try network.features(of: input, taps: layout.graph.taps.map(\.tap))
    for info in layout.graph.taps {
      let one = try network.features(of: input, taps: [info.tap])
      #expect(one[info.tap].tensor.values() == all[info.tap].tensor.values(), "\(info.name)")
    }
  }

  @Test func theBitsDoNotDependOnTheNumberOfThreads() throws {
    for outputStride in [32, 8] {
      let layout = NetworkLayout.mobileNetV2(outputStride: outputStride)
      let weights = Weights.random(layout.graph.parameters)
      let input = Synthetic.input(width: 97, height: 129)
      let taps: [Tap] = [.block(2), .expansion(13), .last]
      var first: [[Float]]?
      for threads in [1, 2, 3, 4, 8] {
        let network = try Network(layout.graph, weights: weights, session: Session(threads: threads))
        let maps = try network.features(of: input, taps: taps)
        let values = taps.map { maps[$0].tensor.values() }
        #expect(values == first ?? values, "\(threads) threads")
        first = first ?? values
      }
    }
  }

  @Test func aBatchIsItsPictures() throws {
    let layout = NetworkLayout.mobileNetV2(width: 0.35)
    let network = try Network(layout.graph, weights: .random(layout.graph.parameters))
    let a = Synthetic.input(width: 40, height: 33).values()
    let b = a.map { -$0 }
    let both = try network.features(
      of: Tensor(Shape(batch: 2, height: 33, width: 40, channels: 3), a + b), taps: [.block(5), .last])
    for (index, values) in [a, b].enumerated() {
      let one = try network.features(
        of: Tensor(Shape(height: 33, width: 40, channels: 3), values), taps: [.block(5), .last])
      for tap in [Tap.block(5), .last] {
        let count = one[tap].shape.count
        #expect(Array(both[tap].tensor.values()[index * count..<(index + 1) * count]) == one[tap].tensor.values())
      }
    }
  }

  @Test func manyCallersGetTheSameBits() throws {
    let layout = NetworkLayout.mobileNetV2(width: 0.35)
    let network = try Network(layout.graph, weights: .random(layout.graph.parameters), session: Session(threads: 2))
    let sizes = [33, 48, 64, 65]
    let expected = try sizes.map {
      try network.features(of: Synthetic.input(width: $0, height: 64), taps: [.last])[.last].tensor.values()
    }
    let right = Counter()
    onThreads(32) { caller in
      for run in 0..<20 {
        let index = (caller + run) % sizes.count
        let maps = try? network.features(of: Synthetic.input(width: sizes[index], height: 64), taps: [.last])
        if maps?[.last].tensor.values() == expected[index] { right.add() }
      }
    }
    #expect(right.value == 32 * 20)
  }

  @Test func badInputIsRefusedByName() throws {
    let layout = NetworkLayout.mobileNetV2(width: 0.35, hasLastConvolution: false)
    let network = try Network(layout.graph, weights: .random(layout.graph.parameters))
    #expect(throws: BackboneError.inputTooSmall(height: 32, width: 40, minimum: 33)) {
      try network.features(of: Tensor(zeros: Shape(height: 32, width: 40, channels: 3)), taps: [.stem])
    }
    #expect(throws: BackboneError.inputChannels(expected: 3, found: 1)) {
      try network.features(of: Tensor(zeros: Shape(height: 40, width: 40, channels: 1)), taps: [.stem])
    }
    #expect(throws: BackboneError.noSuchTap(name: "last", known: layout.graph.taps.map(\.name))) {
      try network.features(of: Tensor(zeros: Shape(height: 40, width: 40, channels: 3)), taps: [.last])
    }
    let wider = NetworkLayout.mobileNetV2(width: 0.5)
    #expect(throws: BackboneError.self) { try Network(wider.graph, weights: .random(layout.graph.parameters)) }
  }

  @Test func namesOfTapsAreThoseOfTheSugar() throws {
    let graph = NetworkLayout.mobileNetV2().graph
    #expect(graph.taps.count == 1 + 17 + 17 + 16 + 1)
    for tap in [Tap.stem, .block(0), .expansion(1), .depthwise(16), .last] { #expect(try graph.info(tap).tap == tap) }
    for name in ["block0/expansion", "block17", Graph.image] {
      #expect(throws: GraphError.noSuchTap(name: name, known: graph.taps.map(\.name))) { try graph.info(Tap(name)) }
    }
  }

  /// Parameters in millions and multiply-adds in millions, at 224, without the classifier.
  @Test func costsAreThePapers() {
    let costs = NetworkLayout.mobileNetV2().graph.costs(height: 224, width: 224)
    #expect(costs.reduce(0) { $0 + $1.multiplyAdds } + 1280 * 1001 == 300_775_552)
    #expect(costs.reduce(0) { $0 + $1.parameters } + 1281 * 1001 == 3_489_097)
  }
}

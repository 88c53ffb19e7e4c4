import Backbone
import Testing

/// The activation memory of table 3 of the paper.
@Suite struct ActivationTests {
  /// The channels, and thousands of bytes at 16 bits, of the largest whole tensor with that many rows.
  private func largest(_ layout: NetworkLayout, side: Int) -> (channels: Int, kilobytes: Double)? {
    let whole = layout.graph.activations(height: 224, width: 224).filter { !$0.isPartial && $0.shape.height == side }
    return whole.map(\.shape).max { $0.count < $1.count }.map { ($0.channels, Double($0.count) * 2 / 1000) }
  }

  @Test("MobileNetV1's tensors equal those of the paper's table")
  func mobileNetV1() throws {
    for (side, channels, kilobytes) in [
      (112, 64, 1600.0), (56, 128, 800), (28, 256, 400), (14, 512, 200), (1, 1024, 2),
    ] {
      let found = try #require(largest(.mobileNetV1(), side: side))
      #expect(found.channels == channels && abs(found.kilobytes / kilobytes - 1) < 0.03, "\(side): \(found)")
    }
    #expect(NetworkLayout.mobileNetV1().graph.largestActivation(height: 224, width: 224) == 112 * 112 * 64)
    // The 1x1 convolution of the first block needs its input and its output at the same time.
    #expect(NetworkLayout.mobileNetV1().graph.heldActivations(height: 224, width: 224) == 112 * 112 * (32 + 64))
  }

  @Test("MobileNetV2 needs memory for its bottlenecks only")
  func mobileNetV2() throws {
    let layout = NetworkLayout.mobileNetV2()
    let ends = [(112, 16), (56, 24), (28, 32), (14, 96), (7, 320), (1, 1280)]
    for (side, channels) in ends { #expect(largest(layout, side: side)?.channels == channels) }
    // The paper's maximum, 400 KB.
    #expect(layout.graph.largestActivation(height: 224, width: 224) == 112 * 112 * 16)
    #expect(layout.graph.heldActivations(height: 224, width: 224) == 112 * 112 * 16 + 56 * 56 * 24)
    // The expanded tensors are listed, as partial ones.
    let wide = layout.graph.activations(height: 224, width: 224).filter(\.isPartial)
    #expect(wide.count == 1 + 16 + 17 + 1 && wide.contains { $0.name == "block1/expansion" && $0.shape.channels == 96 })
  }

  @Test("ShuffleNet needs memory for the ends of its units; with two groups the figures are the paper's")
  func shuffleNet() throws {
    let layout = NetworkLayout.shuffleNet(groups: 2, scale: 2)
    for (side, channels, kilobytes) in [(56, 48, 300.0), (28, 400, 600), (14, 800, 310), (7, 1600, 156), (1, 1600, 3)] {
      let found = try #require(largest(layout, side: side))
      #expect(found.channels == channels && abs(found.kilobytes / kilobytes - 1) < 0.07, "\(side): \(found)")
    }
    // The first convolution's map is pooled while it is computed.
    #expect(largest(layout, side: 112) == nil)
  }
}

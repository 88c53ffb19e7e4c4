import Backbone
import Checkpoints
import ModelFiles
import Tensors
import Testing

/// The networks that imports are checked against.
@Suite struct PlanTests {
  @Test func halfWidthIsRoundedAsPublished() {
    #expect(BackbonePlan(width: 0.5).layout.stemChannels == 16)
    let outputs = BackbonePlan(width: 0.5).blocks.map(\.outputs)
    #expect(outputs == [8, 16, 16, 16, 16, 16, 32, 32, 32, 32, 48, 48, 48, 80, 80, 80, 160])
    // DeepLab's half width has 12 channels, the classifier's has 16.
    let deepLab = BackbonePlan(width: 0.5, divisor: 1).blocks.map(\.outputs)
    #expect(deepLab == [8, 12, 12, 16, 16, 16, 32, 32, 32, 32, 48, 48, 48, 80, 80, 80, 160])
  }

  @Test func noStrideIsTakenForAnother() {
    // A file may state anything; a value that is not an output stride is compared with the plain network.
    for strange in [0, 1, 2, 4, 64, 1 << 40] {
      #expect(BackbonePlan(width: 1).strides(outputStride: strange).map(\.dilation) == [Int](repeating: 1, count: 17))
    }
    #expect(BackbonePlan(width: 1).strides(outputStride: 16).map(\.dilation).suffix(4) == [1, 2, 2, 2])
  }

  /// The imported tensors have the names and shapes of the network's parameters.
  @Test func namesAndShapesAreThoseThatTheBackboneReads() {
    let written = Dictionary(
      uniqueKeysWithValues: BackbonePlan(width: 0.75).layers(last: true).flatMap {
        [("\($0.id.name).weight", $0.shape), ("\($0.id.name).bias", [$0.outputs])]
      })
    let read = NetworkLayout.mobileNetV2(width: 0.75).graph.parameters
    #expect(Dictionary(uniqueKeysWithValues: read.map { ($0.name, $0.shape) }) == written)
  }
}

import Backbone
import Checkpoints
import ModelFiles
import Tensors
import Testing

/// The widths that imports are held to are those of the network that runs them.
@Suite struct PlanTests {
  @Test(arguments: [0.1, 0.25, 0.35, 0.5, 0.75, 1.0, 1.3, 1.4, 2.0], [8, 1])
  func theBackboneHasTheSameWidths(width: Double, divisor: Int) {
    let plan = BackbonePlan(width: width, divisor: divisor)
    let layout = NetworkLayout.mobileNetV2(width: width, divisor: divisor)
    #expect(plan.stem == layout.stemChannels)
    #expect(plan.last == layout.lastChannels)
    #expect(plan.blocks.map(\.inputs) == layout.blocks.map(\.inputs))
    #expect(plan.blocks.map(\.expanded) == layout.blocks.map(\.expanded))
    #expect(plan.blocks.map(\.outputs) == layout.blocks.map(\.outputs))
  }

  @Test(arguments: [0.25, 0.5, 0.75, 1.0, 1.5], [8, 1])
  func soHasMobileNetV1(width: Double, divisor: Int) {
    let plan = BackbonePlan(.mobileNetV1, width: width, divisor: divisor)
    let layout = NetworkLayout.mobileNetV1(width: width, divisor: divisor)
    #expect(plan.stem == layout.stemChannels)
    #expect(plan.last == layout.taps.last?.channels)
    #expect(plan.blocks.map(\.inputs) == layout.blocks.map(\.inputs))
    #expect(plan.blocks.map(\.outputs) == layout.blocks.map(\.outputs))
    let written = plan.layers(last: true).flatMap {
      [
        ParameterInfo(name: "\($0.id.name).weight", shape: $0.shape),
        .init(name: "\($0.id.name).bias", shape: [$0.outputs]),
      ]
    }
    #expect(written == layout.parameters)
    for outputStride in [8, 16, 32] {
      let strides = plan.strides(outputStride: outputStride)
      let blocks = NetworkLayout.mobileNetV1(outputStride: outputStride).blocks
      #expect(strides.map(\.stride) == blocks.map(\.stride))
      #expect(strides.map(\.dilation) == blocks.map(\.dilation))
    }
  }

  @Test(arguments: [8, 16, 32]) func andTheSameStrides(outputStride: Int) {
    let strides = BackbonePlan(width: 1).strides(outputStride: outputStride)
    let layout = NetworkLayout.mobileNetV2(outputStride: outputStride)
    #expect(strides.map(\.stride) == layout.blocks.map(\.stride))
    #expect(strides.map(\.dilation) == layout.blocks.map(\.dilation))
  }

  @Test func halfWidthIsRoundedAsPublished() {
    #expect(BackbonePlan(width: 0.5).stem == 16)
    let outputs = BackbonePlan(width: 0.5).blocks.map(\.outputs)
    #expect(outputs == [8, 16, 16, 16, 16, 16, 32, 32, 32, 32, 48, 48, 48, 80, 80, 80, 160])
    // DeepLab's half width keeps 12 channels where the classifier has 16.
    let deepLab = BackbonePlan(width: 0.5, divisor: 1).blocks.map(\.outputs)
    #expect(deepLab == [8, 12, 12, 16, 16, 16, 32, 32, 32, 32, 48, 48, 48, 80, 80, 80, 160])
  }

  /// Every tensor that the network asks for is one that an import writes, with the same shape.
  @Test func namesAndShapesAreThoseThatTheBackboneReads() {
    let written = Dictionary(
      uniqueKeysWithValues: BackbonePlan(width: 0.75).layers(last: true).flatMap {
        [("\($0.id.name).weight", $0.shape), ("\($0.id.name).bias", [$0.outputs])]
      })
    let read = NetworkLayout.mobileNetV2(width: 0.75).parameters
    #expect(Dictionary(uniqueKeysWithValues: read.map { ($0.name, $0.shape) }) == written)
  }
}

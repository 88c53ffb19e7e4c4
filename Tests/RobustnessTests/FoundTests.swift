import HostileFiles
import Testing

/// Files at which a reader once ended as it must not, as small as they could be made.
@Suite struct FoundTests {
  private func expectRefusal(_ format: HostileFormat, _ bytes: [UInt8], _ words: String) {
    guard case .refused(let found) = format.read(bytes) else {
      Issue.record("not refused")
      return
    }
    #expect(found.contains(words), "\(found)")
  }

  /// A damaged shape, which trapped: a depthwise convolution that reads a tensor of one axis.
  @Test func aTensorFlowLiteMapOfOneAxis() {
    expectRefusal(.tflite, NetworkSeeds.modelWithFlatMap, "has [8], expected a map of four axes")
  }
}

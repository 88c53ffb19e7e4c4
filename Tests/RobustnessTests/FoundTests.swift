import HostileFiles
import Testing

/// Minimal files with which a reader once failed.
@Suite struct FoundTests {
  private func expectRefusal(_ format: HostileFormat, _ bytes: [UInt8], _ words: String) {
    guard case .refused(let found) = format.read(bytes) else {
      Issue.record("not refused")
      return
    }
    #expect(found.contains(words), "\(found)")
  }

  /// A damaged shape that trapped: a depthwise convolution that reads a tensor of one axis.
  @Test func aTensorFlowLiteMapOfOneAxis() {
    expectRefusal(.tflite, NetworkSeeds.modelWithFlatMap, "has [8], expected a map of four axes")
  }

  /// A name with a line end, which gave a message of several lines.
  @Test func aTensorWhoseNameHasALineEnd() {
    let file = NetworkSeeds.model(lastConstant: "a\nb\u{1b}[2J")
    expectRefusal(.tflite, file.dropLast(4) + [0, 0, 0xc0, 0x7f], "the tensor a\\nb\\u{1B}[2J holds nan")
  }

  /// A name of kilobytes in a list of missing tensors.
  @Test func aTensorWhoseNameIsLong() {
    let file = NetworkSeeds.model(lastConstant: String(repeating: "x", count: 4000))
    guard case .refused(let words) = HostileFormat.tflite.read(file.dropLast(4) + [0, 0, 0xc0, 0x7f]) else {
      Issue.record("not refused")
      return
    }
    #expect(words.utf8.count < 1000, "\(words.utf8.count)")
  }
}

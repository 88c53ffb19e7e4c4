import HostileFiles
import Testing

/// Weights that are not normal numbers or zero are refused with the tensor's name, whatever the file's format.
///
/// Denormals exist in published checkpoints: an import sets them to zero and reports their number, so model files have
/// none.
@Suite struct WeightTests {
  private static let values: [(Float, String)] = [(.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")]

  private func bytes(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
  }

  private func seed(_ format: HostileFormat, _ name: String) -> [UInt8] {
    Seed.all(format).first { $0.name == name }!.bytes
  }

  private func expect(
    _ format: HostileFormat, _ bytes: [UInt8], _ words: String..., at location: SourceLocation = #_sourceLocation
  ) {
    guard case .refused(let found) = format.read(bytes) else {
      Issue.record("not refused", sourceLocation: location)
      return
    }
    for word in words { #expect(found.contains(word), "\(found)", sourceLocation: location) }
  }

  @Test(arguments: values.indices) func aNativeFile(index: Int) {
    let (value, word) = WeightTests.values[index]
    let file = seed(.safetensors, "native")
    expect(.safetensors, file.dropLast(4) + bytes(value), "the tensor backbone.stem.weight holds \(word) at index 215")
    expect(.safetensors, file.dropLast(4) + bytes(0x1p-130), "the tensor backbone.stem.weight holds ", "at index 215")
  }

  @Test func aNativeFileOfHalves() {
    let file = seed(.safetensors, "native-half")
    for (bits, word) in [(0x7c00, "inf"), (0xfc00, "-inf"), (0x7c01, "nan"), (0xffff, "nan")] as [(UInt16, String)] {
      let value = [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
      expect(.safetensors, file.dropLast(2) + value, "the tensor backbone.stem.weight holds \(word) at index 215")
    }
    // The smallest half-precision numbers are normal numbers as fp32.
    #expect(HostileFormat.safetensors.read(file.dropLast(2) + [1, 0]) == .accepted)
  }

  @Test(arguments: values.indices) func anotherProgramsSafetensors(index: Int) {
    let (value, word) = WeightTests.values[index]
    let file = seed(.safetensors, "torchvision")
    expect(.safetensors, file.dropLast(4) + bytes(value), "the tensor classifier.1.bias holds \(word) at index 1")
    #expect(HostileFormat.safetensors.read(file.dropLast(4) + bytes(0x1p-130)) == .accepted)
  }

  @Test(arguments: values.indices) func aTensorFlowLiteModel(index: Int) {
    let (value, word) = WeightTests.values[index]
    let file = seed(.tflite, "classifier")
    expect(.tflite, file.dropLast(4) + bytes(value), "the tensor bias holds \(word) at index 1")
    #expect(HostileFormat.tflite.read(file.dropLast(4) + bytes(0x1p-130)) == .accepted)
  }

  /// The value of each kind of constant, stored once for all of its elements.
  @Test(arguments: [
    "weights", "BatchNorm/gamma", "BatchNorm/beta", "BatchNorm/moving_mean", "BatchNorm/moving_variance",
  ])
  func aGraph(kind: String) throws {
    let name = "MobilenetV2/expanded_conv_3/project/\(kind)"
    let file = seed(.graph, "classifier")
    let node = try #require(file.firstRange(of: Array(name.utf8)))
    let place = try #require(file[node.upperBound...].firstRange(of: bytes(0.5)))
    func changed(_ value: Float) -> [UInt8] {
      var file = file
      file.replaceSubrange(place, with: bytes(value))
      return file
    }
    for (value, word) in WeightTests.values {
      expect(.graph, changed(value), "the tensor \(name) holds \(word) at index 0")
    }
    let negative = HostileFormat.graph.read(changed(-0.5))
    if kind.hasSuffix("variance") {
      expect(.graph, changed(-0.5), "the tensor \(name) holds the variance -0.5 at index 0")
    } else {
      #expect(negative == .accepted)
    }
  }
}

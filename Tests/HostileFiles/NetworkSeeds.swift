import ModelFiles
import Tensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Checkpoints of the network at width 0.1, with small numbers of channels, written without the code under test.
package enum NetworkSeeds {
  enum Kind { case convolution, depthwise, pointwise }

  struct Layer {
    /// The block, or -1 for the stem and 17 for the last convolution; 0, 1 and 2 are expansion, depthwise convolution
    /// and projection.
    let block, part: Int
    let kind: Kind
    let inputs, outputs, stride: Int
    /// Whether the block has a skip connection.
    var isResidual = false
  }

  static let layers: [Layer] = {
    let strides = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]
    var layers = [Layer(block: -1, part: 1, kind: .convolution, inputs: 3, outputs: 8, stride: 2)]
    var inputs = 8
    for block in 0..<17 {
      let outputs = block < 10 ? 8 : block < 16 ? 16 : 32
      let inner = block == 0 ? inputs : inputs * 6
      if block > 0 {
        layers.append(Layer(block: block, part: 0, kind: .pointwise, inputs: inputs, outputs: inner, stride: 1))
      }
      layers.append(
        Layer(block: block, part: 1, kind: .depthwise, inputs: inner, outputs: inner, stride: strides[block]))
      layers.append(
        Layer(
          block: block, part: 2, kind: .pointwise, inputs: inner, outputs: outputs, stride: 1,
          isResidual: strides[block] == 1 && inputs == outputs))
      inputs = outputs
    }
    return layers + [Layer(block: 17, part: 1, kind: .pointwise, inputs: 32, outputs: 1280, stride: 1)]
  }()

  /// Values that differ enough to reveal a wrong position.
  static func values(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { little(UInt32((0.25 + Float($0 % 64) / 128).bitPattern), 4) }
  }

  /// The same numbers as fp16, exactly: 0x3400 is 0.25 and 0x3800 is 0.5; a step of 1/128 is 32 units there, then 16.
  static func halves(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { index in
      let place = index % 64
      return little(UInt16(place < 32 ? 0x3400 + place * 32 : 0x3800 + (place - 32) * 16), 2)
    }
  }

  static func little<T: FixedWidthInteger>(_ value: T, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) }
  }

  // MARK: safetensors

  static var safetensors: [Seed] {
    [
      native("native", [2]), native("native-one", [1, 1]), native("native-half", [2], .float16),
      torchvision(outputs: nil), torchvision(outputs: 2),
    ]
  }

  private static func native(
    _ name: String, _ shape: [Int], _ type: Safetensors.ElementType = .float32
  ) -> Seed {
    let card = ModelCard(
      name: "tiny", task: .classify, family: "test",
      provenance: Provenance(origin: "test", licence: "MIT", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: 0.1, outputStride: 32, padding: .same, batchNormEpsilon: 0.001, hasLastConvolution: true),
      input: InputCard(
        width: 64, height: 64, fit: .stretch, grid: .halfPixel, antialias: true, mean: [127.5, 127.5, 127.5],
        standardDeviation: [127.5, 127.5, 127.5]), classifierOutputs: 2,
      labels: [ClassLabel(output: 0, id: 0, name: "cat"), ClassLabel(output: 1, id: 1, name: "dog")])
    let tensors = [
      Safetensors.Declaration(name: "classifier.bias", type: type, shape: shape),
      .init(name: "classifier.weight", type: type, shape: [4, 2]),
      .init(name: "backbone.stem.weight", type: type, shape: [3, 3, 3, 8]),
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try! encoder.encode(card), as: UTF8.self)
    let header = try! Safetensors.header(metadata: ["card": text], tensors: tensors, path: "seed")
    let count = tensors.reduce(0) { $0 + $1.size } / type.size
    return Seed(name, header + (type == .float16 ? halves(count) : values(count)))
  }

  private static func torchvision(outputs: Int?) -> Seed {
    var tensors: [Safetensors.Declaration] = []
    for layer in layers {
      let names: (String, String)
      switch (layer.block, layer.part) {
      case (-1, _): names = ("features.0.0", "features.0.1")
      case (17, _): names = ("features.18.0", "features.18.1")
      case (0, 1): names = ("features.1.conv.0.0", "features.1.conv.0.1")
      case (0, _): names = ("features.1.conv.1", "features.1.conv.2")
      case (let block, 2): names = ("features.\(block + 1).conv.2", "features.\(block + 1).conv.3")
      case (let block, let part):
        names = ("features.\(block + 1).conv.\(part).0", "features.\(block + 1).conv.\(part).1")
      }
      let shape =
        switch layer.kind {
        case .convolution: [layer.outputs, layer.inputs, 3, 3]
        case .depthwise: [layer.outputs, 1, 3, 3]
        case .pointwise: [layer.outputs, layer.inputs, 1, 1]
        }
      tensors.append(.init(name: "\(names.0).weight", type: .float32, shape: shape))
      for part in ["weight", "bias", "running_mean", "running_var"] {
        tensors.append(.init(name: "\(names.1).\(part)", type: .float32, shape: [layer.outputs]))
      }
      tensors.append(.init(name: "\(names.1).num_batches_tracked", type: .int64, shape: []))
    }
    if let outputs {
      tensors.append(.init(name: "classifier.1.weight", type: .float32, shape: [outputs, 1280]))
      tensors.append(.init(name: "classifier.1.bias", type: .float32, shape: [outputs]))
    }
    let header = try! Safetensors.header(metadata: ["format": "pt"], tensors: tensors, path: "seed")
    let data = tensors.flatMap { one in
      one.type == .int64 ? [UInt8](repeating: 0, count: 8) : values(one.size / 4)
    }
    return Seed(outputs == nil ? "torchvision-features" : "torchvision", header + data, focus: 0..<header.count + 256)
  }
}

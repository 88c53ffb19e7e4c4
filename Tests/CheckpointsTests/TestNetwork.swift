import TestSupport

/// The layers of the network at a width with small numbers of channels, written independently of the code under test.
enum TestNetwork {
  /// Width 0.1.
  static let width = 0.1
  static let stem = 8
  /// Output channels of the 17 blocks.
  static let blocks = [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 16, 16, 16, 16, 16, 16, 32]
  static let strides = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]
  static let last = 1280

  enum Kind { case convolution, depthwise, pointwise }

  /// A layer by its place, which is the same in every family.
  struct Layer {
    /// The place, for example `stem`, `3.expand`, `last`, `extra0.reduce`.
    let place: String
    let kind: Kind
    let inputs, outputs: Int
    var isNormalised = true
    var activation = "Relu6"
    var stride = 1
    var dilation = 1
  }

  /// - Parameter outputStride: 32, 16 or 8.
  static func backbone(last hasLast: Bool = true, outputStride: Int = 32) -> [Layer] {
    var layers = [Layer(place: "stem", kind: .convolution, inputs: 3, outputs: stem, stride: 2)]
    var inputs = stem
    var reached = 2
    var dilation = 1
    for (i, outputs) in blocks.enumerated() {
      let inner = i == 0 ? inputs : inputs * 6
      if i > 0 { layers.append(Layer(place: "\(i).expand", kind: .pointwise, inputs: inputs, outputs: inner)) }
      let loses = reached >= outputStride && strides[i] == 2
      layers.append(
        Layer(
          place: "\(i).depthwise", kind: .depthwise, inputs: inner, outputs: inner, stride: loses ? 1 : strides[i],
          dilation: dilation))
      if loses { dilation *= 2 } else { reached *= strides[i] }
      layers.append(
        Layer(place: "\(i).project", kind: .pointwise, inputs: inner, outputs: outputs, activation: ""))
      inputs = outputs
    }
    if hasLast { layers.append(Layer(place: "last", kind: .pointwise, inputs: inputs, outputs: last)) }
    return layers
  }

  /// MobileNetV1 at width 0.25.
  ///
  /// - Parameter outputStride: 32, 16 or 8.
  static func mobileNetV1(outputStride: Int = 32) -> [Layer] {
    var layers = [Layer(place: "stem", kind: .convolution, inputs: 3, outputs: 8, stride: 2)]
    var inputs = 8
    var reached = 2
    var dilation = 1
    for (i, outputs) in [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256].enumerated() {
      let halves = [1, 3, 5, 11].contains(i)
      let loses = halves && reached >= outputStride
      layers.append(
        Layer(
          place: "\(i).depthwise", kind: .depthwise, inputs: inputs, outputs: inputs,
          stride: halves && !loses ? 2 : 1, dilation: dilation))
      if loses { dilation *= 2 } else if halves { reached *= 2 }
      layers.append(Layer(place: "\(i).project", kind: .pointwise, inputs: inputs, outputs: outputs))
      inputs = outputs
    }
    return layers
  }

  static func classifier(_ outputs: Int, inputs: Int = last) -> [Layer] {
    [
      Layer(
        place: "classifier", kind: .pointwise, inputs: inputs, outputs: outputs, isNormalised: false, activation: "")
    ]
  }

  static func deepLab(_ outputs: Int) -> [Layer] {
    [
      Layer(place: "pooling", kind: .pointwise, inputs: 32, outputs: 256, activation: "Relu"),
      Layer(place: "aspp", kind: .pointwise, inputs: 32, outputs: 256, activation: "Relu"),
      Layer(place: "projection", kind: .pointwise, inputs: 512, outputs: 256, activation: "Relu"),
      Layer(place: "logits", kind: .pointwise, inputs: 256, outputs: outputs, isNormalised: false, activation: ""),
    ]
  }

  /// At width 0.1 the Object Detection API has at least 16 channels, reduced and full.
  static let extras = [(25, 51), (16, 25), (16, 25), (16, 16)]

  static func ssdlite(outputs: Int) -> [Layer] {
    var layers: [Layer] = []
    var maps = [96, last]
    for (i, (reduced, full)) in extras.enumerated() {
      layers.append(Layer(place: "extra\(i).reduce", kind: .pointwise, inputs: maps[i + 1], outputs: reduced))
      layers.append(
        Layer(place: "extra\(i).depthwise", kind: .depthwise, inputs: reduced, outputs: reduced, stride: 2))
      layers.append(Layer(place: "extra\(i).expand", kind: .pointwise, inputs: reduced, outputs: full))
      maps.append(full)
    }
    for (i, channels) in maps.enumerated() {
      let anchors = i == 0 ? 3 : 6
      for (answer, size) in [("box", 4), ("class", outputs)] {
        let place = "predictor\(i).\(answer)"
        layers.append(Layer(place: "\(place).depthwise", kind: .depthwise, inputs: channels, outputs: channels))
        layers.append(
          Layer(
            place: "\(place).pointwise", kind: .pointwise, inputs: channels, outputs: anchors * size,
            isNormalised: false, activation: ""))
      }
    }
    return layers
  }
}

/// Named tensors with seeded values, as in a checkpoint.
struct TestTensors {
  var shapes: [String: [Int]] = [:]
  var values: [String: [Float]] = [:]
  private var random: SplitMix64
  /// A formula for the values, in place of the seeded ones.
  var formula: ((_ name: String, _ shape: [Int]) -> [Float])?

  init(seed: UInt64 = 1) { random = SplitMix64(seed: seed) }

  mutating func add(_ name: String, _ shape: [Int], in low: Float = -1, _ high: Float = 1) {
    shapes[name] = shape
    values[name] = formula?(name, shape) ?? random.floats(shape.reduce(1, *), in: low, high)
  }

  /// A batch norm's four vectors.
  mutating func addNorm(_ names: [String], _ count: Int) {
    add(names[0], [count], in: 0.5, 1.5)
    add(names[1], [count])
    add(names[2], [count])
    add(names[3], [count], in: 0.1, 2)
  }

  mutating func remove(_ name: String) {
    shapes[name] = nil
    values[name] = nil
  }

  mutating func rename(_ old: String, _ new: String) {
    (shapes[new], values[new]) = (shapes[old], values[old])
    remove(old)
  }
}

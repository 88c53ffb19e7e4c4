import Tensors

/// Float TensorFlow Lite models in the form of converters: batch norm folded, one operator per layer.
struct TFLiteBuilder {
  typealias Value = FlatBufferBuilder.Value
  enum Code {
    static let add = 0, pool = 1, concatenation = 2, convolution = 3, depthwise = 4, resize = 23, softmax = 25,
      pad = 34, mean = 40, full = 9
  }

  var tensors: [[Int: Value]] = []
  var buffers: [[Int: Value]] = [[:]]
  var operators: [(code: Int, fields: [Int: Value])] = []
  var shapes: [[Int]] = []
  var inputs: [Int] = []
  var outputs: [Int] = []
  /// The constants by the layer's place.
  var values = TestTensors()
  /// The type of the input and of computed tensors.
  var type: Int8 = 0
  var version: Int32 = 3
  /// Whether paddings are separate operators, as in other frameworks' converters.
  var pads = false
  /// Whether the paddings of layers with stride 2 are at the ends alone.
  var padsAtEnds = false

  mutating func tensor(_ name: String, _ shape: [Int], type: Int8 = 0, data: [UInt8]? = nil) -> Int {
    if let data { buffers.append([0: .bytes(data)]) }
    tensors.append([
      0: .integers(shape), 1: .int8(type), 2: .int32(data == nil ? 0 : Int32(buffers.count - 1)),
      3: .bytes(Array(name.utf8)),
    ])
    shapes.append(shape)
    return tensors.count - 1
  }

  mutating func constant(_ name: String, _ shape: [Int]) -> Int {
    values.add(name, shape)
    return tensor(name, shape, data: TFLiteBuilder.bytes(values.values[name]!.map(\.bitPattern)))
  }

  static func bytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
  }

  mutating func node(_ code: Int, _ inputs: [Int], _ outputs: [Int], _ options: [Int: Value] = [:]) {
    operators.append((code, [1: .integers(inputs), 2: .integers(outputs), 4: .table(options)]))
  }

  /// Appends a layer; its output's extents follow from its input's.
  mutating func layer(_ layer: TestNetwork.Layer, from input: Int) -> Int {
    var input = input
    let size = shapes[input][1]
    let output = (size + layer.stride - 1) / layer.stride
    let shape: [Int] =
      switch layer.kind {
      case .convolution: [layer.outputs, 3, 3, layer.inputs]
      case .depthwise: [1, 3, 3, layer.outputs]
      case .pointwise: [layer.outputs, 1, 1, layer.inputs]
      }
    let weight = constant("\(layer.place).weight", shape)
    let bias = constant("\(layer.place).bias", [layer.outputs])
    let atEnds = padsAtEnds && layer.stride == 2
    let padsHere = (pads || atEnds) && layer.kind != .pointwise
    if padsHere {
      let before = atEnds ? 0 : layer.dilation
      let rows = [0, 0, before, layer.dilation, before, layer.dilation, 0, 0]
      let amounts = tensor("pads", [4, 2], type: 2, data: TFLiteBuilder.bytes(rows.map { UInt32($0) }))
      let larger = size + before + layer.dilation
      let padded = tensor("padded", [1, larger, larger, shapes[input][3]])
      node(Code.pad, [input, amounts], [padded])
      input = padded
    }
    let result = tensor(layer.place, [1, output, output, layer.outputs], type: type)
    let activation: Int8 = ["": 0, "Relu": 1, "Relu6": 3][layer.activation]!
    let shift = layer.kind == .depthwise ? 1 : 0
    var options: [Int: Value] = [
      0: .int8(padsHere ? 1 : 0), 1: .int32(Int32(layer.stride)), 2: .int32(Int32(layer.stride)),
      3 + shift: .int8(activation), 4 + shift: .int32(Int32(layer.dilation)),
      5 + shift: .int32(Int32(layer.dilation)),
    ]
    if shift == 1 { options[3] = .int32(1) }
    node(layer.kind == .depthwise ? Code.depthwise : Code.convolution, [input, weight, bias], [result], options)
    return result
  }

  mutating func backbone(size: Int, last: Bool, outputStride: Int = 32) -> Int {
    var current = tensor("input", [1, size, size, 3], type: type)
    inputs = [current]
    var start = current
    for layer in TestNetwork.backbone(last: last, outputStride: outputStride) {
      if layer.place.hasSuffix(".expand") || layer.place == "0.depthwise" { start = current }
      current = self.layer(layer, from: current)
      if layer.place.hasSuffix(".project"), shapes[current] == shapes[start] {
        let sum = tensor("sum", shapes[current])
        node(Code.add, [current, start], [sum])
        current = sum
      }
    }
    return current
  }

  static func classifier(size: Int = 65, outputs: Int = 10, pads: Bool = false) -> TFLiteBuilder {
    var builder = TFLiteBuilder()
    builder.pads = pads
    let features = builder.backbone(size: size, last: true)
    return builder.classified(features, outputs)
  }

  /// - Parameter grows: whether paddings are operators that add zeros at the ends alone, as in Keras.
  static func mobileNetV1(
    size: Int = 64, outputs: Int = 11, outputStride: Int = 32, pads: Bool = false, grows: Bool = false
  ) -> TFLiteBuilder {
    var builder = TFLiteBuilder()
    (builder.pads, builder.padsAtEnds) = (pads, grows)
    var current = builder.tensor("input", [1, size, size, 3])
    builder.inputs = [current]
    for layer in TestNetwork.mobileNetV1(outputStride: outputStride) { current = builder.layer(layer, from: current) }
    return builder.classified(current, outputs)
  }

  /// Completes the model with a mean over all pixels, a fully connected layer and a softmax.
  private func classified(_ features: Int, _ outputs: Int) -> TFLiteBuilder {
    var builder = self
    let channels = shapes[features][3]
    let axes = builder.tensor("axes", [2], type: 2, data: TFLiteBuilder.bytes([1, 2]))
    let mean = builder.tensor("mean", [1, channels])
    builder.node(Code.mean, [features, axes], [mean])
    let weight = builder.constant("classifier.weight", [outputs, channels])
    let bias = builder.constant("classifier.bias", [outputs])
    let logits = builder.tensor("logits", [1, outputs])
    builder.node(Code.full, [mean, weight, bias], [logits])
    let scores = builder.tensor("scores", [1, outputs])
    builder.node(Code.softmax, [logits], [scores])
    builder.outputs = [scores]
    return builder
  }

  static func deepLab(size: Int = 65, outputs: Int = 21, outputStride: Int = 8) -> TFLiteBuilder {
    var builder = TFLiteBuilder()
    let features = builder.backbone(size: size, last: false, outputStride: outputStride)
    let map = builder.shapes[features][1]
    let layers = TestNetwork.deepLab(outputs)
    let pooled = builder.tensor("pooled", [1, 1, 1, 32])
    builder.node(
      Code.pool, [features], [pooled],
      [0: .int8(1), 1: .int32(Int32(map)), 2: .int32(Int32(map)), 3: .int32(Int32(map)), 4: .int32(Int32(map))])
    let pooling = builder.layer(layers[0], from: pooled)
    let spread = builder.resize(pooling, to: map)
    let aspp = builder.layer(layers[1], from: features)
    let both = builder.tensor("concat", [1, map, map, 512])
    builder.node(Code.concatenation, [spread, aspp], [both], [0: .int32(3)])
    let logits = builder.layer(layers[3], from: builder.layer(layers[2], from: both))
    builder.outputs = [builder.resize(builder.resize(logits, to: map), to: size)]
    return builder
  }

  mutating func resize(_ input: Int, to size: Int, alignCorners: Bool = true) -> Int {
    let sizes = tensor("size", [2], type: 2, data: TFLiteBuilder.bytes([UInt32(size), UInt32(size)]))
    let output = tensor("resized", [1, size, size, shapes[input][3]])
    node(Code.resize, [input, sizes], [output], [2: .int8(alignCorners ? 1 : 0)])
    return output
  }

  func file() -> [UInt8] {
    let codes = Array(Set(operators.map(\.code))).sorted()
    return FlatBufferBuilder.file([
      0: .int32(version),
      1: .tables(codes.map { [0: .int8(Int8(truncatingIfNeeded: $0)), 3: .int32(Int32($0))] }),
      2: .tables([
        [
          0: .tables(tensors), 1: .integers(inputs), 2: .integers(outputs),
          3: .tables(
            operators.map { node in
              node.fields.merging([0: .int32(Int32(codes.firstIndex(of: node.code)!))]) { $1 }
            }),
        ]
      ]),
      4: .tables(buffers),
    ])
  }
}

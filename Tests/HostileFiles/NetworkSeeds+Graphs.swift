/// A protobuf message while it is written: fields in the order in which they are added.
private struct Message {
  private(set) var bytes: [UInt8] = []

  static func varint(_ value: Int) -> [UInt8] {
    var (value, bytes) = (UInt64(bitPattern: Int64(value)), [UInt8]())
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7f) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }

  func with(_ field: Int, _ value: Int) -> Message { adding(Message.varint(field << 3) + Message.varint(value)) }
  func with(_ field: Int, _ inner: [UInt8]) -> Message {
    adding(Message.varint(field << 3 | 2) + Message.varint(inner.count) + inner)
  }
  func with(_ field: Int, _ inner: Message) -> Message { with(field, inner.bytes) }
  func with(_ field: Int, _ text: String) -> Message { with(field, Array(text.utf8)) }
  func with(_ field: Int, number: Float) -> Message {
    adding(Message.varint(field << 3 | 5) + NetworkSeeds.little(number.bitPattern, 4))
  }

  private func adding(_ more: [UInt8]) -> Message {
    var result = self
    result.bytes += more
    return result
  }
}

extension NetworkSeeds {
  // MARK: TensorFlow graphs

  /// A classifier whose constants are one repeated value each, so that almost every byte means something.
  static var graphs: [Seed] {
    var nodes = Message()
    func attribute(_ name: String, _ value: Message) -> Message { Message().with(1, name).with(2, value) }
    func node(_ name: String, _ op: String, _ inputs: [String], _ attributes: [Message] = []) {
      var message = Message().with(1, name).with(2, op)
      for input in inputs { message = message.with(3, input) }
      for one in attributes { message = message.with(5, one) }
      nodes = nodes.with(1, message)
    }
    func constant(_ name: String, _ shape: [Int]) {
      var extents = Message()
      for extent in shape { extents = extents.with(2, Message().with(1, extent)) }
      let value = Message().with(1, 1).with(2, extents).with(5, little(Float(0.5).bitPattern, 4))
      node(name, "Const", [], [attribute("value", Message().with(8, value))])
      node("\(name)/read", "Identity", [name])
    }
    func list(_ values: [Int]) -> Message { Message().with(1, Message().with(3, values.flatMap(Message.varint))) }
    func layer(_ layer: Layer, _ scope: String, from input: String, isNormalised: Bool = true) -> String {
      let isDepthwise = layer.kind == .depthwise
      let weight = "\(scope)/\(isDepthwise ? "depthwise_weights" : "weights")"
      switch layer.kind {
      case .convolution: constant(weight, [3, 3, layer.inputs, layer.outputs])
      case .depthwise: constant(weight, [3, 3, layer.outputs, 1])
      case .pointwise: constant(weight, [1, 1, layer.inputs, layer.outputs])
      }
      let name = "\(scope)/\(isDepthwise ? "depthwise" : "Conv2D")"
      node(
        name, isDepthwise ? "DepthwiseConv2dNative" : "Conv2D", [input, "\(weight)/read"],
        [
          attribute("strides", list([1, layer.stride, layer.stride, 1])),
          attribute("padding", Message().with(2, "SAME")), attribute("data_format", Message().with(2, "NHWC")),
        ])
      guard isNormalised else {
        constant("\(scope)/biases", [layer.outputs])
        node("\(scope)/BiasAdd", "BiasAdd", [name, "\(scope)/biases/read"])
        return "\(scope)/BiasAdd"
      }
      let names = ["gamma", "beta", "moving_mean", "moving_variance"].map { "\(scope)/BatchNorm/\($0)" }
      for name in names { constant(name, [layer.outputs]) }
      node(
        "\(scope)/BatchNorm/FusedBatchNorm", "FusedBatchNorm", [name] + names.map { "\($0)/read" },
        [attribute("epsilon", Message().with(4, number: 0.001)), attribute("is_training", Message().with(5, 0))])
      if layer.part == 2 { return "\(scope)/BatchNorm/FusedBatchNorm" }
      node("\(scope)/Relu6", "Relu6", ["\(scope)/BatchNorm/FusedBatchNorm"])
      return "\(scope)/Relu6"
    }
    node("input", "Placeholder", [])
    var current = "input"
    for one in layers {
      let scope: String
      switch one.block {
      case -1: scope = "Conv"
      case 17: scope = "Conv_1"
      default:
        scope = "expanded_conv\(one.block == 0 ? "" : "_\(one.block)")/\(["expand", "depthwise", "project"][one.part])"
      }
      current = layer(one, "MobilenetV2/\(scope)", from: current)
    }
    let backbone = nodes.bytes
    node("AvgPool", "AvgPool", [current])
    _ = layer(
      Layer(block: 18, part: 2, kind: .pointwise, inputs: 1280, outputs: 2, stride: 1),
      "MobilenetV2/Logits/Conv2d_1c_1x1", from: "AvgPool", isNormalised: false)
    let versions = Message().with(4, Message().with(1, 27)).bytes
    return [Seed("classifier", nodes.bytes + versions), Seed("features", backbone + versions)]
  }

  // MARK: TensorFlow Lite

  static var tfLite: [Seed] {
    var writer = FlatWriter()
    let size = 33
    var current = writer.tensor("input", [1, size, size, 3])
    var start = (tensor: current, inputs: 3)
    let input = current
    var extent = size
    for one in layers {
      if one.part == 0 || one.block == 0 && one.part == 1 { start = (current, one.inputs) }
      extent = (extent + one.stride - 1) / one.stride
      let shape =
        switch one.kind {
        case .convolution: [one.outputs, 3, 3, one.inputs]
        case .depthwise: [1, 3, 3, one.outputs]
        case .pointwise: [one.outputs, 1, 1, one.inputs]
        }
      let weight = writer.tensor("w", shape, values(shape.reduce(1, *)))
      let bias = writer.tensor("b", [one.outputs], values(one.outputs))
      let output = writer.tensor("\(one.block).\(one.part)", [1, extent, extent, one.outputs])
      let activation = FlatWriter.Value.int8(one.part == 2 ? 0 : 3)
      let step = FlatWriter.Value.int32(one.stride)
      if one.kind == .depthwise {
        writer.node(4, [current, weight, bias], [output], [1: step, 2: step, 3: .int32(1), 4: activation])
      } else {
        writer.node(3, [current, weight, bias], [output], [1: step, 2: step, 3: activation])
      }
      current = output
      if one.isResidual {
        let sum = writer.tensor("sum", [1, extent, extent, one.outputs])
        writer.node(0, [current, start.tensor], [sum], [:])
        current = sum
      }
    }
    let axes = writer.tensor("axes", [2], little(UInt64(2) << 32 | 1, 8), type: 2)
    let mean = writer.tensor("mean", [1, 1280])
    writer.node(40, [current, axes], [mean], [:])
    let weight = writer.tensor("classifier", [2, 1280], values(2560))
    let bias = writer.tensor("bias", [2], values(2))
    let logits = writer.tensor("logits", [1, 2])
    writer.node(9, [mean, weight, bias], [logits], [:])
    let scores = writer.tensor("scores", [1, 2])
    writer.node(25, [logits], [scores], [:])
    let (bytes, focus) = writer.file(inputs: [input], outputs: [scores])
    return [Seed("classifier", bytes, focus: focus)]
  }
}

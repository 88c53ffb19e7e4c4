extension NetworkSeeds {
  // MARK: TensorFlow Lite

  static var tfLite: [Seed] {
    [
      tfLite("classifier", size: 33, outputs: 2), tfLite("even", size: 40, outputs: 3),
      tfLite("wide", size: 65, outputs: 1),
    ]
  }

  private static func tfLite(_ name: String, size: Int, outputs: Int, bias biasName: String = "bias") -> Seed {
    var writer = FlatWriter()
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
    let weight = writer.tensor("classifier", [outputs, 1280], values(outputs * 1280))
    let bias = writer.tensor(biasName, [outputs], values(outputs))
    let logits = writer.tensor("logits", [1, outputs])
    writer.node(9, [mean, weight, bias], [logits], [:])
    let scores = writer.tensor("scores", [1, outputs])
    writer.node(25, [logits], [scores], [:])
    let (bytes, focus) = writer.file(inputs: [input], outputs: [scores])
    return Seed(name, bytes, focus: focus)
  }

  /// A model whose last constant, the classifier's bias, has that name.
  package static func model(lastConstant name: String) -> [UInt8] {
    tfLite("named", size: 33, outputs: 1, bias: name).bytes
  }

  /// A stem whose output has one axis, and a depthwise convolution that reads it.
  package static var modelWithFlatMap: [UInt8] {
    var writer = FlatWriter()
    let input = writer.tensor("input", [1, 33, 33, 3])
    let (weight, bias) = (writer.tensor("w", [8, 3, 3, 3], values(216)), writer.tensor("b", [8], values(8)))
    let flat = writer.tensor("flat", [8])
    let output = writer.tensor("output", [1, 17, 17, 8])
    writer.node(3, [input, weight, bias], [flat], [1: .int32(2), 2: .int32(2), 3: .int8(3)])
    let (filter, offset) = (writer.tensor("f", [1, 3, 3, 8], values(72)), writer.tensor("o", [8], values(8)))
    writer.node(4, [flat, filter, offset], [output], [1: .int32(1), 2: .int32(1), 3: .int32(1), 4: .int8(3)])
    return writer.file(inputs: [input], outputs: [output]).0
  }
}

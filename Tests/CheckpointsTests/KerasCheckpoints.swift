/// Safetensors with the paths of Keras's weights as names.
enum KerasCheckpoints {
  /// The naming of two versions of Keras.
  enum Names: CaseIterable { case old, new }

  static func mobileNetV1(
    outputs: Int? = 11, names: Names = .new, prefix: String = "",
    formula: ((_ name: String, _ shape: [Int]) -> [Float])? = nil
  ) -> TestTensors {
    var tensors = TestTensors()
    tensors.formula = formula
    for layer in TestNetwork.mobileNetV1() {
      let parts = layer.place.split(separator: ".")
      let part = parts.last == "depthwise" ? "dw" : "pw"
      let name = layer.place == "stem" ? "conv1" : "conv_\(part)_\(Int(parts[0])! + 1)"
      add(layer, prefix + name, "\(prefix)\(name)_bn", names, &tensors)
    }
    if let outputs {
      add(TestNetwork.classifier(outputs, inputs: 256)[0], "\(prefix)conv_preds", "", names, &tensors)
    }
    return tensors
  }

  static func mobileNetV2(outputs: Int = 10, names: Names = .new) -> TestTensors {
    var tensors = TestTensors()
    for layer in TestNetwork.backbone() {
      switch layer.place {
      case "stem": add(layer, "Conv1", "bn_Conv1", names, &tensors)
      case "last": add(layer, "Conv_1", "Conv_1_bn", names, &tensors)
      default:
        let parts = layer.place.split(separator: ".")
        let block = parts[0] == "0" ? "expanded_conv" : "block_\(parts[0])"
        add(layer, "\(block)_\(parts[1])", "\(block)_\(parts[1])_BN", names, &tensors)
      }
    }
    tensors.add("predictions/kernel", [1280, outputs])
    tensors.add("predictions/bias", [outputs])
    if names == .old {
      for name in ["predictions/kernel", "predictions/bias"] { tensors.rename(name, "\(name):0") }
    }
    return tensors
  }

  private static func add(
    _ layer: TestNetwork.Layer, _ name: String, _ norm: String, _ names: Names, _ tensors: inout TestTensors
  ) {
    let end = names == .old ? ":0" : ""
    switch layer.kind {
    case .convolution: tensors.add("\(name)/kernel\(end)", [3, 3, layer.inputs, layer.outputs])
    case .depthwise:
      tensors.add("\(name)/\(names == .old ? "depthwise_kernel" : "kernel")\(end)", [3, 3, layer.outputs, 1])
    case .pointwise: tensors.add("\(name)/kernel\(end)", [1, 1, layer.inputs, layer.outputs])
    }
    if layer.isNormalised {
      let parts = ["gamma", "beta", "moving_mean", "moving_variance"].map { "\(norm)/\($0)\(end)" }
      tensors.addNorm(parts, layer.outputs)
    } else {
      tensors.add("\(name)/bias\(end)", [layer.outputs])
    }
  }
}

import Files

/// Checkpoints with the names of PyTorch's model collections, in the form of these projects.
enum TorchCheckpoints {
  static func torchvision(outputs: Int? = 10) -> TestTensors {
    var tensors = TestTensors()
    for layer in TestNetwork.backbone() {
      let names: (String, String)
      switch layer.place {
      case "stem": names = ("features.0.0", "features.0.1")
      case "last": names = ("features.18.0", "features.18.1")
      case "0.depthwise": names = ("features.1.conv.0.0", "features.1.conv.0.1")
      case "0.project": names = ("features.1.conv.1", "features.1.conv.2")
      default:
        let (block, part) = split(layer.place)
        let base = "features.\(block + 1).conv"
        switch part {
        case "expand": names = ("\(base).0.0", "\(base).0.1")
        case "depthwise": names = ("\(base).1.0", "\(base).1.1")
        default: names = ("\(base).2", "\(base).3")
        }
      }
      add(layer, names.0, names.1, &tensors)
    }
    if let outputs {
      tensors.add("classifier.1.weight", [outputs, 1280])
      tensors.add("classifier.1.bias", [outputs])
    }
    return tensors
  }

  static func timm(outputs: Int? = 10) -> TestTensors {
    var tensors = TestTensors()
    // The stage of each of the 17 blocks and its index there.
    let places = [
      "0.0", "1.0", "1.1", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2", "3.3", "4.0", "4.1", "4.2", "5.0", "5.1", "5.2",
      "6.0",
    ]
    for layer in TestNetwork.backbone() {
      switch layer.place {
      case "stem": add(layer, "conv_stem", "bn1", &tensors)
      case "last": add(layer, "conv_head", "bn2", &tensors)
      case "0.depthwise": add(layer, "blocks.0.0.conv_dw", "blocks.0.0.bn1", &tensors)
      case "0.project": add(layer, "blocks.0.0.conv_pw", "blocks.0.0.bn2", &tensors)
      default:
        let (block, part) = split(layer.place)
        let base = "blocks.\(places[block])"
        switch part {
        case "expand": add(layer, "\(base).conv_pw", "\(base).bn1", &tensors)
        case "depthwise": add(layer, "\(base).conv_dw", "\(base).bn2", &tensors)
        default: add(layer, "\(base).conv_pwl", "\(base).bn3", &tensors)
        }
      }
    }
    if let outputs {
      tensors.add("classifier.weight", [outputs, 1280])
      tensors.add("classifier.bias", [outputs])
    }
    return tensors
  }

  enum HuggingFaceTask { case features, classify, segment }

  static func huggingFace(_ task: HuggingFaceTask, prefix: String = "mobilenet_v2.") -> TestTensors {
    var tensors = TestTensors()
    func layer(_ layer: TestNetwork.Layer, _ name: String) {
      add(layer, "\(name).convolution", "\(name).normalization", &tensors)
    }
    for place in TestNetwork.backbone() {
      switch place.place {
      case "stem": layer(place, "\(prefix)conv_stem.first_conv")
      case "0.depthwise": layer(place, "\(prefix)conv_stem.conv_3x3")
      case "0.project": layer(place, "\(prefix)conv_stem.reduce_1x1")
      case "last": layer(place, "\(prefix)conv_1x1")
      default:
        let (block, part) = split(place.place)
        let names = ["expand": "expand_1x1", "depthwise": "conv_3x3", "project": "reduce_1x1"]
        layer(place, "\(prefix)layer.\(block - 1).\(names[part]!)")
      }
    }
    switch task {
    case .features: break
    case .classify:
      tensors.add("classifier.weight", [10, 1280])
      tensors.add("classifier.bias", [10])
    case .segment:
      let names = ["pooling": "conv_pool", "aspp": "conv_aspp", "projection": "conv_projection"]
      for place in TestNetwork.deepLab(21) {
        if let name = names[place.place] { layer(place, "segmentation_head.\(name)") }
      }
      tensors.add("segmentation_head.classifier.convolution.weight", [21, 256, 1, 1])
      tensors.add("segmentation_head.classifier.convolution.bias", [21])
    }
    return tensors
  }

  /// MobileNetV1, with all convolutions after the first one numbered consecutively.
  static func firstHuggingFace(prefix: String = "mobilenet_v1.") -> TestTensors {
    var tensors = TestTensors()
    for (i, layer) in TestNetwork.mobileNetV1().enumerated() {
      let name = i == 0 ? "conv_stem" : "layer.\(i - 1)"
      add(layer, "\(prefix)\(name).convolution", "\(prefix)\(name).normalization", &tensors)
    }
    tensors.add("classifier.weight", [10, 256])
    tensors.add("classifier.bias", [10])
    return tensors
  }

  private static func split(_ place: String) -> (Int, String) {
    let parts = place.split(separator: ".")
    return (Int(parts[0])!, String(parts[1]))
  }

  private static func add(
    _ layer: TestNetwork.Layer, _ convolution: String, _ norm: String, _ tensors: inout TestTensors
  ) {
    let shape: [Int] =
      switch layer.kind {
      case .convolution: [layer.outputs, layer.inputs, 3, 3]
      case .depthwise: [layer.outputs, 1, 3, 3]
      case .pointwise: [layer.outputs, layer.inputs, 1, 1]
      }
    tensors.add("\(convolution).weight", shape)
    tensors.addNorm(["weight", "bias", "running_mean", "running_var"].map { "\(norm).\($0)" }, layer.outputs)
    tensors.add("\(norm).num_batches_tracked", [], in: 0, 0)
  }
}

extension TestTensors {
  /// The tensors as a safetensors file; counters are 64-bit integers, as in PyTorch.
  func safetensors(as type: String = "F32") -> [UInt8] {
    var header: [String] = []
    var data: [UInt8] = []
    for name in shapes.keys.sorted() {
      let begin = data.count
      let isCounter = name.hasSuffix("num_batches_tracked")
      for value in values[name]! {
        if isCounter {
          data += [UInt8](repeating: 0, count: 8)
        } else if type == "BF16" {
          let bits = value.bitPattern >> 16
          data += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
        } else {
          for shift: UInt32 in [0, 8, 16, 24] { data.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
        }
      }
      header.append(
        #""\#(name)":{"dtype":"\#(isCounter ? "I64" : type)","shape":\#(shapes[name]!),"data_offsets":[\#(begin),\#(data.count)]}"#
      )
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
  }
}

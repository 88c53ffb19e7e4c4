/// A writer of TensorFlow frozen graphs with one repeated value per constant, so that almost every byte has a meaning.
struct GraphWriter {
  private(set) var nodes = Message()
  private let outputStride: Int
  /// The outputs by scope.
  private var outputs: [String: String] = [:]
  private var epsilon: Float = 0.001

  private init(outputStride: Int = 32) { self.outputStride = outputStride }

  /// The field that TensorFlow writes behind the nodes.
  private static let versions = Message().with(4, Message().with(1, 27)).bytes

  private var file: [UInt8] { nodes.bytes + GraphWriter.versions }

  // MARK: Nodes

  private static func list(_ values: [Int]) -> Message {
    Message().with(1, Message().with(3, values.flatMap(Message.varint)))
  }

  private mutating func node(_ name: String, _ op: String, _ inputs: [String], _ attributes: [(String, Message)] = []) {
    var message = Message().with(1, name).with(2, op)
    for input in inputs { message = message.with(3, input) }
    for (name, value) in attributes { message = message.with(5, Message().with(1, name).with(2, value)) }
    nodes = nodes.with(1, message)
  }

  private mutating func constant(_ name: String, _ shape: [Int], value: Float = 0.5) {
    var extents = Message()
    for extent in shape { extents = extents.with(2, Message().with(1, extent)) }
    let tensor = Message().with(1, 1).with(2, extents).with(5, NetworkSeeds.little(value.bitPattern, 4))
    node(name, "Const", [], [("value", Message().with(8, tensor))])
  }

  private mutating func integers(_ name: String, _ values: [Int]) {
    let shape = Message().with(2, Message().with(1, values.count))
    let tensor = Message().with(1, 3).with(2, shape).with(7, values.flatMap(Message.varint))
    node(name, "Const", [], [("value", Message().with(8, tensor))])
  }

  private mutating func weights(_ name: String, _ shape: [Int]) {
    constant(name, shape)
    node("\(name)/read", "Identity", [name])
  }

  /// A convolution with batch norm or a bias, and its activation.
  @discardableResult private mutating func layer(
    _ kind: NetworkSeeds.Kind, _ inputs: Int, _ width: Int, stride: Int = 1, dilation: Int = 1, _ scope: String,
    from input: String, isNormalised: Bool = true, _ activation: String? = "Relu6"
  ) -> String {
    let isDepthwise = kind == .depthwise
    let weight = "\(scope)/\(isDepthwise ? "depthwise_weights" : "weights")"
    switch kind {
    case .convolution: weights(weight, [3, 3, inputs, width])
    case .depthwise: weights(weight, [3, 3, width, 1])
    case .pointwise: weights(weight, [1, 1, inputs, width])
    }
    var current = "\(scope)/\(isDepthwise ? "depthwise" : "Conv2D")"
    node(
      current, isDepthwise ? "DepthwiseConv2dNative" : "Conv2D", [input, "\(weight)/read"],
      [
        ("strides", GraphWriter.list([1, stride, stride, 1])),
        ("dilations", GraphWriter.list([1, dilation, dilation, 1])),
        ("padding", Message().with(2, "SAME")), ("data_format", Message().with(2, "NHWC")),
      ])
    if isNormalised {
      let names = ["gamma", "beta", "moving_mean", "moving_variance"].map { "\(scope)/BatchNorm/\($0)" }
      for name in names { weights(name, [width]) }
      node(
        "\(scope)/BatchNorm/FusedBatchNorm", "FusedBatchNorm", [current] + names.map { "\($0)/read" },
        [("epsilon", Message().with(4, number: epsilon)), ("is_training", Message().with(5, 0))])
      current = "\(scope)/BatchNorm/FusedBatchNorm"
    } else {
      weights("\(scope)/biases", [width])
      node("\(scope)/BiasAdd", "BiasAdd", [current, "\(scope)/biases/read"])
      current = "\(scope)/BiasAdd"
    }
    if let activation {
      node("\(scope)/\(activation)", activation, [current])
      current = "\(scope)/\(activation)"
    }
    outputs[scope] = current
    return current
  }

  private mutating func backbone(prefix: String = "", last: Bool = true) -> String {
    node("input", "Placeholder", [])
    var current = "input"
    var reached = 1
    var dilation = 1
    for one in NetworkSeeds.layers where last || one.block < 17 {
      let scope: String
      switch one.block {
      case -1: scope = "Conv"
      case 17: scope = "Conv_1"
      default:
        scope = "expanded_conv\(one.block == 0 ? "" : "_\(one.block)")/\(["expand", "depthwise", "project"][one.part])"
      }
      // A stride beyond the output stride becomes a dilation of the following layers.
      let loses = one.stride == 2 && reached >= outputStride
      current = layer(
        one.kind, one.inputs, one.outputs, stride: loses ? 1 : one.stride,
        dilation: one.kind == .depthwise ? dilation : 1, "\(prefix)MobilenetV2/\(scope)", from: current,
        one.part == 2 ? nil : "Relu6")
      if loses { dilation *= 2 } else { reached *= one.stride }
    }
    return current
  }

  // MARK: Networks

  static let seeds = [
    Seed("classifier", classifier), Seed("features", features), Seed("segmenter", segmenter),
    Seed("detector", detector),
  ]

  private static var features: [UInt8] {
    var writer = GraphWriter()
    _ = writer.backbone()
    return writer.file
  }

  private static var classifier: [UInt8] {
    var writer = GraphWriter()
    writer.node("AvgPool", "AvgPool", [writer.backbone()])
    writer.layer(
      .pointwise, 1280, 2, "MobilenetV2/Logits/Conv2d_1c_1x1", from: "AvgPool", isNormalised: false, nil)
    return writer.file
  }

  private static var segmenter: [UInt8] {
    var writer = GraphWriter(outputStride: 16)
    let features = writer.backbone(last: false)
    writer.epsilon = 1e-5
    writer.node("AvgPool", "AvgPool", [features])
    let pooling = writer.layer(.pointwise, 32, 256, "image_pooling", from: "AvgPool", "Relu")
    writer.node("ResizeBilinear", "ResizeBilinear", [pooling])
    let aspp = writer.layer(.pointwise, 32, 256, "aspp0", from: features, "Relu")
    writer.node("concat", "ConcatV2", ["ResizeBilinear", aspp])
    let projection = writer.layer(.pointwise, 512, 256, "concat_projection", from: "concat", "Relu")
    let logits = writer.layer(.pointwise, 256, 21, "logits/semantic", from: projection, isNormalised: false, nil)
    writer.node("ResizeBilinear_1", "ResizeBilinear", [logits], [("align_corners", Message().with(5, 1))])
    return writer.file
  }

  private static var detector: [UInt8] {
    var writer = GraphWriter()
    writer.integers("Preprocessor/stack", [300, 300])
    writer.node("Preprocessor/ResizeBilinear", "ResizeBilinear", ["image_tensor", "Preprocessor/stack"])
    writer.constant("Preprocessor/mul/x", [], value: 0.007843138)
    writer.constant("Preprocessor/sub/y", [], value: 1)
    let deepest = writer.backbone(prefix: "FeatureExtractor/")
    var maps = [
      (writer.outputs["FeatureExtractor/MobilenetV2/expanded_conv_13/expand"]!, 96), (deepest, 1280),
    ]
    let root = "FeatureExtractor/MobilenetV2/layer_19"
    for (i, (reduced, full)) in [(25, 51), (16, 25), (16, 25), (16, 16)].enumerated() {
      let name = "\(root)_2_Conv2d_\(i + 2)_3x3_s2_\(full)"
      let narrow = writer.layer(
        .pointwise, maps[i + 1].1, reduced, "\(root)_1_Conv2d_\(i + 2)_1x1_\(reduced)", from: maps[i + 1].0)
      let filtered = writer.layer(.depthwise, reduced, reduced, stride: 2, "\(name)_depthwise", from: narrow)
      maps.append((writer.layer(.pointwise, reduced, full, name, from: filtered), full))
    }
    for (i, map) in maps.enumerated() {
      for (name, size) in [("BoxEncodingPredictor", 4), ("ClassPredictor", 2)] {
        let scope = "BoxPredictor_\(i)/\(name)"
        let filtered = writer.layer(.depthwise, map.1, map.1, "\(scope)_depthwise", from: map.0)
        writer.layer(.pointwise, map.1, (i == 0 ? 3 : 6) * size, scope, from: filtered, isNormalised: false, nil)
      }
    }
    writer.node("Postprocessor/convert_scores", "Sigmoid", ["scores"])
    for (i, value) in [Float(10), 10, 5, 5].enumerated() {
      writer.constant("Postprocessor/Decode/truediv\(i == 0 ? "" : "_\(i)")/y", [], value: value)
    }
    writer.constant("Postprocessor/iou", [], value: 0.6)
    writer.constant("Postprocessor/score", [], value: 0.3)
    writer.integers("Postprocessor/limit", [100])
    writer.node(
      "Postprocessor/NonMaxSuppressionV3", "NonMaxSuppressionV3",
      ["boxes", "scores", "size", "Postprocessor/iou", "Postprocessor/score"])
    writer.node("Postprocessor/MultiClassNonMaxSuppression/Minimum", "Minimum", ["Postprocessor/limit", "size"])
    return writer.file
  }
}

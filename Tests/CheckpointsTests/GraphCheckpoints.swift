import Checkpoints
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// TensorFlow frozen graphs in TensorFlow's own form: constants, `read` nodes, operations, `FusedBatchNorm`.
struct GraphBuilder {
  var graph = TFGraph()
  var tensors = TestTensors()
  var epsilon: Float? = 0.001
  var norms = Norms.fused
  /// Whether dilations are written with `SpaceToBatchND`.
  var spreads = false

  /// The form of a graph's batch norms: one operation, separate arithmetic, or folded into the weights.
  enum Norms: CaseIterable { case fused, spelt, folded }

  // MARK: Nodes

  mutating func node(_ name: String, _ op: String, _ inputs: [String], _ change: (inout TFNode) -> Void = { _ in }) {
    var node = TFNode()
    node.name = name
    node.op = op
    node.inputs = inputs
    change(&node)
    graph.nodes.append(node)
  }

  /// A constant and the node that reads it.
  mutating func weights(_ name: String, _ shape: [Int], _ values: [Float]) {
    constant(name, shape, values)
    node("\(name)/read", "Identity", [name])
  }

  mutating func constant(_ name: String, _ shape: [Int], _ values: [Float], packed: Bool = true) {
    var tensor = TFTensorValue()
    tensor.type = 1
    tensor.shape = GraphBuilder.shape(shape)
    if packed {
      tensor.content = unsafe values.withUnsafeBytes { unsafe Data($0) }
    } else {
      tensor.floats = values
    }
    node(name, "Const", []) { $0.attributes["value"] = GraphBuilder.attribute { $0.tensor = tensor } }
  }

  mutating func integers(_ name: String, _ values: [Int32]) {
    var tensor = TFTensorValue()
    tensor.type = 3
    tensor.shape = GraphBuilder.shape([values.count])
    tensor.integers = values
    node(name, "Const", []) { $0.attributes["value"] = GraphBuilder.attribute { $0.tensor = tensor } }
  }

  static func shape(_ extents: [Int]) -> TFTensorShape {
    var shape = TFTensorShape()
    shape.dimensions = extents.map { extent in
      var dimension = TFTensorShape.Dimension()
      dimension.size = Int64(extent)
      return dimension
    }
    return shape
  }

  static func attribute(_ change: (inout TFAttribute) -> Void) -> TFAttribute {
    var attribute = TFAttribute()
    change(&attribute)
    return attribute
  }

  static func list(_ values: [Int64]) -> TFAttribute {
    attribute { attribute in
      var list = TFAttribute.List()
      list.integers = values
      attribute.list = list
    }
  }

  // MARK: Layers

  /// A convolution with its weights, batch norm or bias, and activation.
  ///
  /// - Returns: the name of the output.
  mutating func layer(_ layer: TestNetwork.Layer, scope: String, from input: String) -> String {
    let isDepthwise = layer.kind == .depthwise
    let weight = "\(scope)/\(isDepthwise ? "depthwise_weights" : "weights")"
    let shape: [Int] =
      switch layer.kind {
      case .convolution: [3, 3, layer.inputs, layer.outputs]
      case .depthwise: [3, 3, layer.outputs, 1]
      case .pointwise: [1, 1, layer.inputs, layer.outputs]
      }
    tensors.add(weight, shape)
    var numbers = tensors.values[weight]!
    if layer.isNormalised && norms == .folded {
      let factors = fold(scope, layer.outputs).factors
      for i in numbers.indices { numbers[i] = Float(Double(numbers[i]) * factors[i % layer.outputs]) }
    }
    weights(weight, shape, numbers)
    let name = "\(scope)/\(isDepthwise ? "depthwise" : "Conv2D")"
    let spread = spreads && layer.dilation > 1
    var source = input
    if spread {
      integers("\(name)/block", [Int32(layer.dilation), Int32(layer.dilation)])
      integers("\(name)/paddings", [2, 2, 2, 2])
      node("\(name)/SpaceToBatchND", "SpaceToBatchND", [input, "\(name)/block", "\(name)/paddings"])
      source = "\(name)/SpaceToBatchND"
    }
    node(name, isDepthwise ? "DepthwiseConv2dNative" : "Conv2D", [source, "\(weight)/read"]) { node in
      let (s, d) = (Int64(layer.stride), spread ? 1 : Int64(layer.dilation))
      node.attributes["strides"] = GraphBuilder.list([1, s, s, 1])
      node.attributes["dilations"] = GraphBuilder.list([1, d, d, 1])
      node.attributes["padding"] = GraphBuilder.attribute { $0.string = Data((spread ? "VALID" : "SAME").utf8) }
      node.attributes["data_format"] = GraphBuilder.attribute { $0.string = Data("NHWC".utf8) }
    }
    var current = name
    if spread {
      node("\(name)/BatchToSpaceND", "BatchToSpaceND", [name, "\(name)/block", "\(name)/paddings"])
      current = "\(name)/BatchToSpaceND"
    }
    current = layer.isNormalised ? norm(scope, layer.outputs, from: current) : bias(scope, layer.outputs, from: current)
    if layer.activation.isEmpty { return current }
    node("\(scope)/\(layer.activation)", layer.activation, [current])
    return "\(scope)/\(layer.activation)"
  }

  /// A batch norm's tensors as factors and offsets.
  private mutating func fold(_ scope: String, _ count: Int) -> (factors: [Double], offset: [Float]) {
    let names = ["gamma", "beta", "moving_mean", "moving_variance"].map { "\(scope)/BatchNorm/\($0)" }
    if tensors.values[names[0]] == nil { tensors.addNorm(names, count) }
    let parts = names.map { name in tensors.values[name]!.map(Double.init) }
    let factors = (0..<count).map { parts[0][$0] / (parts[3][$0] + Double(epsilon!)).squareRoot() }
    return (factors, (0..<count).map { Float(parts[1][$0] - parts[2][$0] * factors[$0]) })
  }

  /// A batch norm as arithmetic, in the order of TensorFlow's own function.
  private mutating func spelt(_ names: [String], _ scope: String, from input: String) -> String {
    let name = "\(scope)/BatchNorm/batchnorm"
    constant("\(name)/add/y", [], [epsilon!], packed: false)
    node("\(name)/add", "AddV2", ["\(names[3])/read", "\(name)/add/y"])
    node("\(name)/Rsqrt", "Rsqrt", ["\(name)/add"])
    node("\(name)/mul", "Mul", ["\(name)/Rsqrt", "\(names[0])/read"])
    node("\(name)/mul_1", "Mul", [input, "\(name)/mul"])
    node("\(name)/mul_2", "Mul", ["\(names[2])/read", "\(name)/mul"])
    node("\(name)/sub", "Sub", ["\(names[1])/read", "\(name)/mul_2"])
    node("\(name)/add_1", "AddV2", ["\(name)/mul_1", "\(name)/sub"])
    return "\(name)/add_1"
  }

  private mutating func norm(_ scope: String, _ count: Int, from input: String) -> String {
    if norms == .folded {
      constant("\(scope)/Conv2D_bn_offset", [count], fold(scope, count).offset)
      node("\(scope)/BatchNorm/Add", "Add", [input, "\(scope)/Conv2D_bn_offset"])
      return "\(scope)/BatchNorm/Add"
    }
    let names = ["gamma", "beta", "moving_mean", "moving_variance"].map { "\(scope)/BatchNorm/\($0)" }
    tensors.addNorm(names, count)
    for name in names { weights(name, [count], tensors.values[name]!) }
    if norms == .spelt { return spelt(names, scope, from: input) }
    let name = "\(scope)/BatchNorm/FusedBatchNorm"
    let epsilon = epsilon
    node(name, "FusedBatchNorm", [input] + names.map { "\($0)/read" }) { node in
      if let epsilon { node.attributes["epsilon"] = GraphBuilder.attribute { $0.number = epsilon } }
      node.attributes["is_training"] = GraphBuilder.attribute { $0.flag = false }
    }
    return name
  }

  private mutating func bias(_ scope: String, _ count: Int, from input: String) -> String {
    let name = "\(scope)/biases"
    tensors.add(name, [count])
    weights(name, [count], tensors.values[name]!)
    node("\(scope)/BiasAdd", "BiasAdd", [input, "\(name)/read"])
    return "\(scope)/BiasAdd"
  }

  /// Appends the backbone.
  ///
  /// - Returns: the outputs by place.
  mutating func backbone(prefix: String = "", last: Bool = true, outputStride: Int = 32) -> [String: String] {
    var outputs: [String: String] = [:]
    var current = "input"
    node("input", "Placeholder", [])
    for layer in TestNetwork.backbone(last: last, outputStride: outputStride) {
      let scope: String
      switch layer.place {
      case "stem": scope = "Conv"
      case "last": scope = "Conv_1"
      default:
        let parts = layer.place.split(separator: ".")
        scope = "expanded_conv\(parts[0] == "0" ? "" : "_\(parts[0])")/\(parts[1])"
      }
      current = self.layer(layer, scope: "\(prefix)MobilenetV2/\(scope)", from: current)
      outputs[layer.place] = current
    }
    return outputs
  }

  /// The field that TensorFlow writes behind the nodes: `versions` with a producer.
  static let versions: [UInt8] = [0x22, 0x02, 0x08, 0x1b]

  /// The serialised file.
  func bytes() throws -> [UInt8] { try graph.serializedBytes() + GraphBuilder.versions }

  /// Changes the only node of that name.
  mutating func change(_ name: String, _ change: (inout TFNode) -> Void) {
    for i in graph.nodes.indices where graph.nodes[i].name == name { change(&graph.nodes[i]) }
  }

  // MARK: Networks

  static func classifier(outputs: Int = 10) -> GraphBuilder {
    var builder = GraphBuilder()
    let maps = builder.backbone()
    builder.node("AvgPool", "AvgPool", [maps["last"]!])
    _ = builder.layer(
      TestNetwork.classifier(outputs)[0], scope: "MobilenetV2/Logits/Conv2d_1c_1x1", from: "AvgPool")
    return builder
  }

  /// MobileNetV1 as TF-slim names it.
  static func mobileNetV1(
    outputs: Int = 11, outputStride: Int = 32, norms: Norms = .fused,
    formula: ((_ name: String, _ shape: [Int]) -> [Float])? = nil
  ) -> GraphBuilder {
    var builder = GraphBuilder()
    builder.norms = norms
    builder.tensors.formula = formula
    builder.node("input", "Placeholder", [])
    var current = "input"
    for layer in TestNetwork.mobileNetV1(outputStride: outputStride) {
      let parts = layer.place.split(separator: ".")
      let part = parts.last == "depthwise" ? "depthwise" : "pointwise"
      let scope = layer.place == "stem" ? "Conv2d_0" : "Conv2d_\(Int(parts[0])! + 1)_\(part)"
      current = builder.layer(layer, scope: "MobilenetV1/\(scope)", from: current)
    }
    builder.node("AvgPool", "AvgPool", [current])
    _ = builder.layer(
      TestNetwork.classifier(outputs, inputs: 256)[0], scope: "MobilenetV1/Logits/Conv2d_1c_1x1", from: "AvgPool")
    return builder
  }

  static func deepLab(outputs: Int = 21, outputStride: Int = 16, spreads: Bool = false) -> GraphBuilder {
    var builder = GraphBuilder()
    builder.spreads = spreads
    let features = builder.backbone(last: false, outputStride: outputStride)["16.project"]!
    builder.epsilon = 1e-5
    let layers = TestNetwork.deepLab(outputs)
    builder.node("AvgPool", "AvgPool", [features])
    let pooling = builder.layer(layers[0], scope: "image_pooling", from: "AvgPool")
    builder.node("ResizeBilinear", "ResizeBilinear", [pooling])
    let aspp = builder.layer(layers[1], scope: "aspp0", from: features)
    builder.node("concat", "ConcatV2", ["ResizeBilinear", aspp])
    let projection = builder.layer(layers[2], scope: "concat_projection", from: "concat")
    let logits = builder.layer(layers[3], scope: "logits/semantic", from: projection)
    builder.node("ResizeBilinear_1", "ResizeBilinear", [logits]) { node in
      node.attributes["align_corners"] = attribute { $0.flag = true }
    }
    builder.node("ArgMax", "ArgMax", ["ResizeBilinear_1"])
    return builder
  }

  static func detector(outputs: Int = 2) -> GraphBuilder {
    var builder = GraphBuilder()
    builder.integers("Preprocessor/stack", [300, 300])
    builder.node("Preprocessor/ResizeBilinear", "ResizeBilinear", ["image_tensor", "Preprocessor/stack"])
    builder.constant("Preprocessor/mul/x", [], [0.007843138], packed: false)
    builder.constant("Preprocessor/sub/y", [], [1], packed: false)
    let maps = builder.backbone(prefix: "FeatureExtractor/")
    var taps = [maps["13.expand"]!, maps["last"]!]
    let root = "FeatureExtractor/MobilenetV2/layer_19"
    for layer in TestNetwork.ssdlite(outputs: outputs) {
      let parts = layer.place.split(separator: ".").map(String.init)
      let index = Int(String(parts[0].last!))!
      if parts[0].hasPrefix("extra") {
        let (reduced, full) = TestNetwork.extras[index]
        switch parts[1] {
        case "reduce":
          taps.append(
            builder.layer(layer, scope: "\(root)_1_Conv2d_\(index + 2)_1x1_\(reduced)", from: taps[index + 1]))
        case "depthwise":
          let scope = "\(root)_2_Conv2d_\(index + 2)_3x3_s2_\(full)_depthwise"
          taps[index + 2] = builder.layer(layer, scope: scope, from: taps[index + 2])
        default:
          taps[index + 2] = builder.layer(
            layer, scope: "\(root)_2_Conv2d_\(index + 2)_3x3_s2_\(full)", from: taps[index + 2])
        }
      } else {
        let name = parts[1] == "box" ? "BoxEncodingPredictor" : "ClassPredictor"
        let scope = "BoxPredictor_\(index)/\(name)"
        if parts[2] == "depthwise" {
          _ = builder.layer(layer, scope: "\(scope)_depthwise", from: taps[index])
        } else {
          _ = builder.layer(layer, scope: scope, from: "\(scope)_depthwise/Relu6")
        }
      }
    }
    builder.postprocessing()
    return builder
  }

  private mutating func postprocessing() {
    node("Postprocessor/convert_scores", "Sigmoid", ["scores"])
    for (i, value) in [Float(10), 10, 5, 5].enumerated() {
      constant("Postprocessor/Decode/truediv\(i == 0 ? "" : "_\(i)")/y", [], [value], packed: false)
    }
    constant("Postprocessor/iou", [], [0.6], packed: false)
    constant("Postprocessor/score", [], [0.3], packed: false)
    integers("Postprocessor/limit", [100])
    node(
      "Postprocessor/NonMaxSuppressionV3", "NonMaxSuppressionV3",
      ["boxes", "scores", "size", "Postprocessor/iou", "Postprocessor/score"])
    node("Postprocessor/MultiClassNonMaxSuppression/Minimum", "Minimum", ["Postprocessor/limit", "size"])
  }
}

import Backbone

/// A custom network in the manner of MobileNetV3: 5x5 depthwise convolutions, hard-swish, squeeze-and-excite.
///
/// Source: "Searching for MobileNetV3", table 2, made small.
struct SmallNetwork {
  private struct Row {
    let kernel, expanded, outputs: Int
    let hasExcitation: Bool
    let activation: Activation
    let stride: Int
  }

  private static let rows = [
    Row(kernel: 3, expanded: 16, outputs: 16, hasExcitation: true, activation: .relu, stride: 2),
    Row(kernel: 3, expanded: 40, outputs: 24, hasExcitation: false, activation: .relu, stride: 2),
    Row(kernel: 3, expanded: 56, outputs: 24, hasExcitation: false, activation: .relu, stride: 1),
    Row(kernel: 5, expanded: 64, outputs: 40, hasExcitation: true, activation: .hardSwish, stride: 2),
    Row(kernel: 5, expanded: 96, outputs: 40, hasExcitation: true, activation: .hardSwish, stride: 1),
  ]

  /// The graph on an image, with each block's output as a tap.
  static func graph() -> Graph {
    var graph = Graph()
    var x = graph.convolution(
      "backbone.stem", graph.input(), outputs: 16, window: Graph.Window(3, 3, stride: 2, padding: .symmetric),
      .hardSwish, isNormalised: false)
    graph.name(x, .stem)
    for (index, row) in rows.enumerated() {
      let name = "backbone.block\(index)"
      let wide = graph.pointwise("\(name).expand", x, outputs: row.expanded, row.activation, isNormalised: false)
      var filtered = graph.depthwise(
        "\(name).depthwise", wide, kernel: row.kernel, stride: row.stride, padding: .symmetric, row.activation,
        isNormalised: false)
      if row.hasExcitation {
        filtered = graph.squeezeExcite("\(name).excite", filtered, squeezed: row.expanded / 4)
      }
      let thin = graph.pointwise("\(name).project", filtered, outputs: row.outputs, .linear, isNormalised: false)
      x = row.stride == 1 && thin.channels == x.channels ? graph.sum(thin, x) : thin
      graph.name(x, .block(index))
    }
    return graph
  }
}

/// Numbers that are a formula of a name and an index, as in `generate_outside.py`.
enum Formula {
  static func values(_ name: String, _ count: Int, bound: Float) -> [Float] {
    var state = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return (Float(state >> 8) / Float(1 << 23) - 1) * bound
    }
  }

  /// Uniform weights with a variance of 2 / fan-in, and small biases.
  static func weights(_ parameters: [ParameterInfo]) -> Weights {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for parameter in parameters {
      let shape = parameter.shape
      let fanIn = shape.count == 3 ? shape[0] * shape[1] : shape.dropLast().reduce(1, *)
      let bound: Float = shape.count == 1 ? 0.1 : (6 / Float(fanIn)).squareRoot()
      tensors[parameter.name] = (shape, values(parameter.name, shape.reduce(1, *), bound: bound))
    }
    return Weights(source: "numbers by formula", tensors: tensors)
  }
}

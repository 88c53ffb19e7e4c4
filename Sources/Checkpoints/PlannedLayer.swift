import ModelFiles

/// Which layer of the network: each has one name in the native file.
package enum LayerID: Hashable, Sendable {
  /// The two answers of a detector's predictor.
  package enum Answer: String, Hashable, Sendable { case box, `class` }

  case stem
  case expand(Int)
  case depthwise(Int)
  case project(Int)
  case last
  case classifier
  case extraReduce(Int)
  case extraDepthwise(Int)
  case extraExpand(Int)
  case predictorDepthwise(Int, Answer)
  case predictorPointwise(Int, Answer)
  case pooling
  case aspp
  case projection
  case logits

  /// The name in the native file, before `.weight` and `.bias`.
  package var name: String {
    switch self {
    case .stem: "backbone.stem"
    case .expand(let i): "backbone.block\(i).expand"
    case .depthwise(let i): "backbone.block\(i).depthwise"
    case .project(let i): "backbone.block\(i).project"
    case .last: "backbone.last"
    case .classifier: "classifier"
    case .extraReduce(let i): "ssdlite.extra\(i).reduce"
    case .extraDepthwise(let i): "ssdlite.extra\(i).depthwise"
    case .extraExpand(let i): "ssdlite.extra\(i).expand"
    case .predictorDepthwise(let i, let answer): "ssdlite.predictor\(i).\(answer.rawValue).depthwise"
    case .predictorPointwise(let i, let answer): "ssdlite.predictor\(i).\(answer.rawValue).pointwise"
    case .pooling: "deeplab.pooling"
    case .aspp: "deeplab.aspp"
    case .projection: "deeplab.projection"
    case .logits: "deeplab.logits"
    }
  }

  /// Whether the layer has a batch norm; the answering layers have a bias instead.
  var isNormalised: Bool {
    switch self {
    case .classifier, .predictorPointwise, .logits: false
    default: true
    }
  }

  /// What follows the layer in that network.
  func activation(in network: NetworkFamily) -> Activation {
    switch self {
    case .project where network == .mobileNetV1: .relu6
    case .project, .classifier, .predictorPointwise, .logits: .none
    case .pooling, .aspp, .projection: .relu
    default: .relu6
    }
  }

  /// The functions between layers.
  enum Activation: String, Hashable {
    case none = "no activation"
    case relu = "ReLU"
    case relu6 = "ReLU6"
  }
}

/// One weighted layer with its widths.
package struct PlannedLayer: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// 3x3, every input channel to every output channel.
    case convolution
    /// 3x3, each channel by itself.
    case depthwise
    /// 1x1, every input channel to every output channel.
    case pointwise
  }

  package let id: LayerID
  package let kind: Kind
  package let inputs: Int
  package let outputs: Int

  package init(_ id: LayerID, _ kind: Kind, _ inputs: Int, _ outputs: Int) {
    self.id = id
    self.kind = kind
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The weight's shape in the native file.
  package var shape: [Int] {
    switch kind {
    case .convolution: [3, 3, inputs, outputs]
    case .depthwise: [3, 3, outputs]
    case .pointwise: [inputs, outputs]
    }
  }
}

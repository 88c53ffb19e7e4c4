import Backbone
import DeepLabLite
import Graphs
import ModelFiles
import SSDLite
import Tensors

/// The identity of a layer, with one name in the native file.
package enum LayerID: Hashable, Sendable {
  /// The two outputs of a detector's predictor.
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

  /// Whether the layer has a batch norm; output layers have a bias instead.
  var isNormalised: Bool {
    switch self {
    case .classifier, .predictorPointwise, .logits: false
    default: true
    }
  }

  /// The activation behind the layer in that network.
  func activation(in network: NetworkFamily) -> Activation { LayerID.activations[network]?[self] ?? .linear }

  /// The activations by network and layer, from the graphs.
  private static let activations: [NetworkFamily: [LayerID: Activation]] = {
    func all(_ layout: NetworkLayout) -> [LayerID: Activation] {
      var graph = layout.graph
      do {
        try graph.ssdlite(outputs: 2)
        try graph.deepLabLite(outputs: 2)
      } catch { preconditionFailure("every head fits MobileNet: \(error)") }
      let known = graph.convolutions.compactMap { c in LayerID(name: c.name).map { ($0, c.activation) } }
      return Dictionary(uniqueKeysWithValues: known)
    }
    return [.mobileNetV1: all(.mobileNetV1()), .mobileNetV2: all(.mobileNetV2())]
  }()

  /// The layer of that name.
  init?(name: String) {
    guard let id = LayerID.named[name] else { return nil }
    self = id
  }

  /// More blocks and maps than any network has.
  private static let named = {
    let single = [LayerID.stem, .last, .classifier, .pooling, .aspp, .projection, .logits]
    let numbered = (0..<32).flatMap { i in
      [
        LayerID.expand(i), .depthwise(i), .project(i), .extraReduce(i), .extraDepthwise(i), .extraExpand(i),
        .predictorDepthwise(i, .box), .predictorDepthwise(i, .class), .predictorPointwise(i, .box),
        .predictorPointwise(i, .class),
      ]
    }
    return Dictionary(uniqueKeysWithValues: (single + numbered).map { ($0.name, $0) })
  }()
}

/// A layer with weights and its widths.
package struct PlannedLayer: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// A 3x3 convolution of all channels.
    case convolution
    /// A 3x3 convolution of each channel by itself.
    case depthwise
    /// A 1x1 convolution of all channels.
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

  /// The layers of a graph that occur in files.
  static func all(of graph: Graph) -> [PlannedLayer] {
    graph.convolutions.map { c in
      guard let id = LayerID(name: c.name) else { preconditionFailure("no file has a layer \(c.name)") }
      return PlannedLayer(
        id, c.isPointwise ? .pointwise : c.isDepthwise ? .depthwise : .convolution, c.inputs, c.outputs)
    }
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

extension Activation {
  /// The name in messages.
  var title: String {
    switch self {
    case .linear: "no activation"
    case .relu: "ReLU"
    case .relu6: "ReLU6"
    case .hardSwish, .hardSigmoid, .sigmoid: rawValue
    }
  }
}

import Graphs

/// The names of steps in profiles: the layers, or the block where a pass computes a whole block.
struct PassNames: Sendable {
  private let graph: Graph
  /// Convolutions of each block.
  private let counts: [Substring: Int]

  init(_ graph: Graph) {
    self.graph = graph
    counts = graph.convolutions.reduce(into: [:]) { $0[PassNames.block(of: $1.layerName), default: 0] += 1 }
  }

  private static func block(of layer: String) -> Substring {
    layer.lastIndex(of: "/").map { layer[..<$0] } ?? layer[...]
  }

  subscript(pass: Pass) -> String {
    let layers = pass.nodes.compactMap(layer)
    guard !layers.isEmpty else {
      return pass.nodes.isEmpty ? part(pass) : pass.nodes.map(label).joined(separator: ", ")
    }
    var names: [Substring] = []
    for layer in layers {
      let block = PassNames.block(of: layer)
      let own = layers.filter { PassNames.block(of: $0) == block }
      let name = own.count == counts[block] ? block : layer[...]
      if !names.contains(name) { names.append(name) }
    }
    // The pooling behind the stem.
    let pooling = pass.nodes.filter { if case .pooling = graph.nodes[$0].operation { true } else { false } }
    return (names + pooling.map { _ in "pooling" }).joined(separator: ", ")
  }

  /// The name of the layer that makes the expanded tensor.
  func source(of pass: Pass) -> String { pass.nodes.first.flatMap(layer) ?? self[pass] }

  private func layer(_ index: Int) -> String? { graph.convolution(at: index)?.layerName }

  private func label(_ index: Int) -> String {
    switch graph.nodes[index].operation {
    case .add: return "\(graph.nodes[index].name ?? "layer\(index)")/sum"
    case .pooling, .globalPooling: return "pooling"
    case .scale: return "scale"
    case .resize: return "resize"
    case .shuffle: return "shuffle"
    case .activation(let activation): return activation.rawValue
    default: return graph.nodes[index].name ?? "layer\(index)"
    }
  }

  private func part(_ pass: Pass) -> String {
    if case .product(let product) = pass.work, let layer = layer(product.node) { return "\(layer), pixel" }
    return "copy"
  }
}

import Tensors

/// The cost of one layer, counted as in the paper: a multiply-add is one operation, biases count as parameters.
public struct LayerCost: Hashable, Sendable {
  /// The layer's name in tables, such as `block3/expand`.
  public let name: String
  /// The shape of its output.
  public let output: Shape
  /// Weights and biases.
  public let parameters: Int
  /// Multiply-adds for one picture of a batch, the addition of the bias not counted.
  public let multiplyAdds: Int

  /// Creates the cost of a layer.
  public init(name: String, output: Shape, parameters: Int, multiplyAdds: Int) {
    self.name = name
    self.output = output
    self.parameters = parameters
    self.multiplyAdds = multiplyAdds
  }
}

extension Graph.Convolution {
  /// The layer's name in tables: `block3/expand` for the tensors `backbone.block3.expand`.
  package var layerName: String {
    let own = name.hasPrefix("backbone.") ? String(name.dropFirst("backbone.".count)) : name
    return String(own.map { $0 == "." ? "/" : $0 })
  }

  /// Its cost for an output of that shape.
  public func cost(output: Shape) -> LayerCost {
    LayerCost(
      name: layerName, output: output, parameters: weightCount + outputs, multiplyAdds: multiplyAdds(output: output))
  }

  /// Its multiply-adds for an output of that shape.
  package func multiplyAdds(output: Shape) -> Int { weightCount * output.pixels }

  private var weightCount: Int { window.taps * inputs / groups * outputs }
}

extension Graph {
  /// The cost of each convolution, for inputs of those shapes.
  public func costs(_ inputShape: (Tap) -> Shape) -> [LayerCost] {
    zip(nodes.indices, shapes(inputShape)).compactMap { convolution(at: $0)?.cost(output: $1) }
  }

  /// The cost of each convolution, for an image of that size.
  public func costs(height: Int, width: Int) -> [LayerCost] {
    costs { _ in Shape(height: height, width: width, channels: 3) }
  }
}

/// A tensor that passes between a network's layers.
package struct ActivationTensor: Hashable, Sendable {
  /// The value's name, or that of the layer that makes it.
  package let name: String
  /// `[1, H, W, C]`, for the given size of image.
  package let shape: Shape
  /// Whether its reader can process it in parts, so that it never exists whole.
  package let isPartial: Bool
}

extension Graph {
  /// The activation tensors for an image of that size, up to the pooled one, without the image.
  ///
  /// A map is partial where its only reader is a projection to fewer channels, a pooling, or a depthwise convolution
  /// with a partial output. So the tensors inside a block of MobileNetV2 or ShuffleNet are partial. MobileNetV1 has no
  /// bottlenecks, so all of its tensors exist whole.
  /// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 5 and table 3.
  package func activations(height: Int, width: Int) -> [ActivationTensor] {
    var graph = self
    if graph.outputs.isEmpty { graph.output(graph.globalPooling(graph.value(at: nodes.count - 1))) }
    let readers = graph.readers
    func isPartial(_ index: Int) -> Bool {
      guard !graph.outputs.contains(index), readers[index].count == 1 else { return false }
      let reader = readers[index][0]
      switch graph.nodes[reader].operation {
      case .convolution(let c) where c.isDepthwise: return isPartial(reader)
      case .convolution(let c) where c.isPointwise:
        // A grouped convolution behind a bottleneck makes more channels again, but reads those of its group alone.
        return c.outputs < c.inputs || c.groups > 1
      case .shuffle: return isPartial(reader)
      case .pooling, .globalPooling: return true
      default: return false
      }
    }
    return zip(graph.nodes.indices, graph.shapes(height: height, width: width)).compactMap { index, shape in
      let node = graph.nodes[index]
      switch node.operation {
      case .convolution(let convolution):
        // A value that is only added or concatenated is summed or written in place, without a further tensor.
        if node.name == nil, readers[index].count == 1 {
          switch graph.nodes[readers[index][0]].operation {
          case .add, .concatenation: return nil
          default: break
          }
        }
        return ActivationTensor(
          name: node.name ?? convolution.layerName, shape: shape, isPartial: isPartial(index))
      case .globalPooling: return ActivationTensor(name: "pool", shape: shape, isPartial: false)
      case .pooling(.maximum): return ActivationTensor(name: "stem/pool", shape: shape, isPartial: isPartial(index))
      case .add, .concatenation:
        return node.name.map { ActivationTensor(name: $0, shape: shape, isPartial: isPartial(index)) }
      default: return nil
      }
    }
  }

  /// Elements of the largest tensor that exists whole, as in table 3 of the paper.
  public func largestActivation(height: Int, width: Int) -> Int { whole(height: height, width: width).max()! }

  /// The greatest number of elements of a layer's or block's whole input and output together, as in section 5.
  public func heldActivations(height: Int, width: Int) -> Int {
    let counts = whole(height: height, width: width)
    return zip(counts, counts.dropFirst()).map(+).max() ?? counts[0]
  }

  private func whole(height: Int, width: Int) -> [Int] {
    activations(height: height, width: width).filter { !$0.isPartial }.map(\.shape.count)
  }
}

import Backbone
import Kernels
import ModelFiles
import Tensors

/// A head that a layer graph describes, on the fast kernels, with batch norm folded into its weights.
public final class GraphHead: Head {
  public let graph: LayerGraph
  public let taps: [Tap]
  private let layers: [Runner]
  private let compute: Compute

  /// What runs one layer.
  private enum Runner: Sendable {
    case tap(Tap)
    case pointwise(Pointwise)
    case depthwise(Depthwise)
    case add(Activation)
    case concatenate
    case globalPooling
    case upsample(SamplingGrid)
  }

  /// Takes the tensors that the graph names.
  ///
  /// - Throws: `BackboneError.weights` when one is missing or has another shape.
  public init(_ graph: LayerGraph, weights: Weights, compute: Compute) throws(BackboneError) {
    self.graph = graph
    self.compute = compute
    taps = graph.taps
    var layers: [Runner] = []
    do throws(WeightsError) {
      for layer in graph.layers {
        switch layer.operation {
        case .tap(let tap): layers.append(.tap(tap))
        case .convolution(let c):
          switch c.kind {
          case .pointwise:
            layers.append(
              .pointwise(
                try Pointwise(
                  c.name, inputs: c.inputs, outputs: c.outputs, activation: c.activation, weights: weights,
                  compute: compute)))
          case .depthwise(let stride, let dilation, let padding):
            layers.append(
              .depthwise(
                try Depthwise(
                  c.name, channels: c.outputs, stride: stride, dilation: dilation, padding: padding,
                  activation: c.activation, weights: weights, compute: compute)))
          }
        case .add(let activation): layers.append(.add(activation))
        case .concatenate: layers.append(.concatenate)
        case .globalPooling: layers.append(.globalPooling)
        case .upsample(let grid): layers.append(.upsample(grid))
        }
      }
    } catch { throw .weights(error) }
    self.layers = layers
  }

  /// The graph's answers, in its order.
  public func callAsFunction(_ maps: FeatureMaps) -> [FeatureVector] {
    var values: [FeatureVector?] = []
    // A map lives until its last reader has run.
    var lastUse = [Int](repeating: -1, count: graph.layers.count)
    for (index, layer) in graph.layers.enumerated() { for input in layer.inputs { lastUse[input.index] = index } }
    for answer in graph.answers { lastUse[answer.index] = .max }
    for (index, layer) in graph.layers.enumerated() {
      func input<R>(_ i: Int, _ body: (borrowing Tensor) -> R) -> R {
        let source = layer.inputs[i].index
        if case .tap(let tap) = layers[source] { return body(maps[tap].tensor) }
        return body(values[source]!.tensor)
      }
      switch layers[index] {
      case .tap: values.append(nil)
      case .pointwise(let product): values.append(input(0) { FeatureVector(product($0)) })
      case .depthwise(let filter): values.append(input(0) { FeatureVector(filter($0)) })
      case .add(let activation):
        values.append(input(0) { a in input(1) { b in FeatureVector(sum(a, b, activation, compute: compute)) } })
      case .concatenate:
        values.append(input(0) { a in input(1) { b in FeatureVector(concatenation(a, b, compute: compute)) } })
      case .globalPooling: values.append(input(0) { FeatureVector(HeadKit.globalPooling($0, compute: compute)) })
      case .upsample(let grid):
        values.append(
          input(0) { x in
            input(1) { like in
              FeatureVector(upsampled(x, height: like.shape.height, width: like.shape.width, grid, compute: compute))
            }
          })
      }
      for input in layer.inputs where lastUse[input.index] == index { values[input.index] = nil }
    }
    return graph.answers.map { values[$0.index]! }
  }

  /// What each convolution costs for maps of those shapes.
  public func costs(on tapShape: (Tap) -> Shape) -> [LayerCost] {
    zip(graph.layers, graph.shapes(tapShape)).compactMap { layer, shape in
      guard case .convolution(let c) = layer.operation else { return nil }
      return c.kind == .pointwise
        ? .convolution(c.name, inputs: c.inputs, output: shape) : .depthwise(c.name, output: shape)
    }
  }
}

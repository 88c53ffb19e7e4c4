import Graphs
import Kernels
import Tensors

/// The nodes of a block that learns as one step: a 1x1 expansion, a 3x3 depthwise convolution and a linear 1x1
/// projection, without batch norm, whose inner values nothing else reads.
struct BlockPattern {
  /// `nil` where the depthwise convolution reads another layer's map.
  let expand: Int?
  let depthwise, project: Int

  /// The block whose projection is a node.
  ///
  /// - Parameters:
  ///   - uses: the number of readers of each node, outputs of the graph counted too.
  ///   - shapes: of each node.
  ///   - before: the blocks in front of the node.
  init?(projectedBy project: Int, in graph: Graph, uses: [Int], shapes: [Shape], before: [Int: BlockPattern]) {
    func convolution(_ node: Int) -> Graph.Convolution? {
      guard case .convolution(let c) = graph.nodes[node].operation, !c.isNormalised, c.activation.clamp != nil else {
        return nil
      }
      return c
    }
    guard let projection = convolution(project), projection.isPointwise, projection.groups == 1,
      projection.activation == .linear
    else { return nil }
    let depthwise = graph.nodes[project].inputs[0]
    guard uses[depthwise] == 1, let middle = convolution(depthwise), middle.isDepthwise else { return nil }
    let source = graph.nodes[depthwise].inputs[0]
    let g = middle.window.geometry(height: shapes[source].height, width: shapes[source].width)
    guard BlockGradients.isSupported(g) else { return nil }
    let first = convolution(source)
    let isExpansion =
      uses[source] == 1 && before[source] == nil && first.map { $0.isPointwise && $0.groups == 1 } ?? false
    expand = isExpansion ? source : nil
    self.depthwise = depthwise
    self.project = project
  }
}

/// A block in training, whose expanded maps are computed again in the backward pass and never kept.
final class BlockStep: TrainingStep {
  /// A convolution's parameters.
  typealias Layer = (weight: Parameter, bias: Parameter)

  private let kernels: TrainingKernels
  private let block: BlockGradients
  private let input, output: LayerMap
  private let expand: Layer?
  private let depthwise, project: Layer

  init(
    _ kernels: TrainingKernels, _ block: BlockGradients, _ input: LayerMap, _ output: LayerMap, expand: Layer?,
    depthwise: Layer, project: Layer
  ) {
    self.kernels = kernels
    self.block = block
    self.input = input
    self.output = output
    self.expand = expand
    self.depthwise = depthwise
    self.project = project
  }

  private func layers(_ of: (Parameter) -> FloatSlice) -> BlockGradients.Layers {
    func layer(_ one: Layer) -> BlockGradients.Layer { .init(weight: of(one.weight), bias: of(one.bias)) }
    return BlockGradients.Layers(expand: expand.map(layer), depthwise: layer(depthwise), project: layer(project))
  }

  func forward(isTraining: Bool) { block.run(input.values, layers(\.value), to: output.values) }

  func backward() {
    guard output.hasGradient, let dy = output.gradient else { return }
    let (values, gradients) = (layers(\.value), layers(\.gradient))
    guard input.gradient != nil else {
      return block.gradients(input.values, dy, values, to: gradients, dx: nil, adding: false)
    }
    input.contribute { dx, isAdding in
      block.gradients(input.values, dy, values, to: gradients, dx: dx, adding: isAdding)
    }
  }
}

import Graphs
import Kernels
import ModelFiles
import Tensors

/// A graph with memory for the forward and backward passes of training.
///
/// A batch has a fixed number of pictures. The gradients' sums run in a fixed order, so that the same batches give the
/// same bits with any number of threads. It has one caller at a time.
package final class TrainableNetwork {
  package let graph: Graph
  package let batch: Int
  package let parameters = ParameterSet()
  package let kernels: TrainingKernels
  /// `nil` for the inner values of blocks, which are not kept.
  private let maps: [LayerMap?]
  private let steps: [any TrainingStep]
  private let taps: [Tap: LayerMap]

  /// - Parameters:
  ///   - batch: pictures in a batch, at least 1.
  ///   - shape: the shape of each tap for one picture.
  ///   - weights: the initial values of layers; missing ones are initialised at random.
  ///   - seed: the seed of the random initialisation.
  ///   - fusesBlocks: whether inverted residuals and separable convolutions are one step, whose inner maps are not kept;
  ///     false for tests.
  /// - Throws: `WeightsError.wrongShape` where the weights are of another network.
  package init(
    _ graph: Graph, batch: Int, tapShape shape: (Tap) -> Shape, weights: Weights? = nil, seed: UInt64 = 1,
    fusesBlocks: Bool = true, session: Session
  ) throws(WeightsError) {
    precondition(batch > 0 && !graph.outputs.isEmpty, "a graph without outputs")
    self.graph = graph
    self.batch = batch
    kernels = TrainingKernels(session)
    let shapes = graph.shapes { tap in
      let one = shape(tap)
      return Shape(batch: batch, height: one.height, width: one.width, channels: one.channels)
    }
    let layer = LayerMaker(
      kernels: kernels, parameters: parameters, weights: weights, initializer: Initializer(seed: seed))
    let blocks = fusesBlocks ? TrainableNetwork.blocks(of: graph, shapes: shapes) : [:]
    let inner = Set(blocks.values.flatMap { [$0.expand, $0.depthwise].compactMap { $0 } })
    var maps: [LayerMap?] = []
    var steps: [any TrainingStep] = []
    var taps: [Tap: LayerMap] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard !inner.contains(index) else {
        maps.append(nil)
        continue
      }
      if let block = blocks[index] {
        let input = maps[graph.nodes[block.expand ?? block.depthwise].inputs[0]]!
        let map = LayerMap(shapes[index], needsGradient: true)
        steps.append(try layer.step(block, of: graph, input, map))
        maps.append(map)
        continue
      }
      let inputs = node.inputs.map { maps[$0]! }
      // Values before the first trained layer need no gradient.
      let needsGradient: Bool
      switch node.operation {
      case .input: needsGradient = false
      case .convolution: needsGradient = true
      case .resize: needsGradient = inputs[0].gradient != nil
      default: needsGradient = inputs.contains { $0.gradient != nil }
      }
      let map = LayerMap(shapes[index], needsGradient: needsGradient)
      if node.operation == .input { taps[Tap(node.name!)] = map }
      if let step = try layer.step(node.operation, inputs, map) { steps.append(step) }
      maps.append(map)
    }
    self.maps = maps
    self.steps = steps
    self.taps = taps
  }

  /// The blocks that are one step, by the node of their projection.
  private static func blocks(of graph: Graph, shapes: [Shape]) -> [Int: BlockPattern] {
    var uses = [Int](repeating: 0, count: graph.nodes.count)
    for node in graph.nodes { for input in node.inputs { uses[input] += 1 } }
    for output in graph.outputs { uses[output] += 1 }
    var blocks: [Int: BlockPattern] = [:]
    for node in graph.nodes.indices {
      blocks[node] = BlockPattern(
        projectedBy: node, in: graph, uses: uses, shapes: shapes, before: blocks)
    }
    return blocks
  }

  /// The input of a tap's maps of a batch, `[batch, H, W, C]`.
  package func input(_ tap: Tap) -> FloatSlice { taps[tap]!.values }

  /// An output, `[batch, H, W, C]`.
  package func answer(_ index: Int = 0) -> FloatSlice { maps[graph.outputs[index]]!.values }

  package func answerShape(_ index: Int = 0) -> Shape { maps[graph.outputs[index]]!.shape }

  /// The loss's gradient with respect to an output, written before `backward`.
  package func answerGradient(_ index: Int = 0) -> FloatSlice { maps[graph.outputs[index]]!.gradient! }

  /// Whether every output of the last forward pass is the same for all pictures of the batch, up to rounding.
  package var hasConstantAnswers: Bool {
    guard batch > 1 else { return false }
    return graph.outputs.allSatisfy { answer in
      let values = maps[answer]!.values
      let count = values.count / batch
      let first = values.part(0, count).values
      let largest = first.reduce(Float(1e-6)) { max($0, abs($1)) }
      return (1..<batch).allSatisfy { picture in
        zip(first, values.part(picture * count, count).values).allSatisfy { abs($0 - $1) <= 1e-4 * largest }
      }
    }
  }

  /// The forward pass.
  ///
  /// - Parameter isTraining: whether batch norm uses the batch's moments and updates the running ones, or uses the
  ///   running ones.
  package func forward(isTraining: Bool) { for step in steps { step.forward(isTraining: isTraining) } }

  /// The backward pass: the parameters' gradients from those of the outputs, after a forward pass of training.
  package func backward() {
    for map in maps { map?.hasGradient = false }
    for answer in graph.outputs { maps[answer]!.hasGradient = true }
    for step in steps.reversed() { step.backward() }
  }
}

/// A value of the graph and the loss's gradient with respect to it.
final class LayerMap {
  let shape: Shape
  let values: FloatSlice
  /// `nil` where no layer before it is trained.
  let gradient: FloatSlice?
  /// Whether the gradient has been written, so that further contributions are added.
  var hasGradient = false

  init(_ shape: Shape, needsGradient: Bool) {
    self.shape = shape
    values = FloatSlice(AlignedMemory(floats: shape.count, filled: false), count: shape.count)
    gradient = needsGradient ? FloatSlice(AlignedMemory(floats: shape.count, filled: false), count: shape.count) : nil
  }

  /// Rows of the map as a matrix: a pixel is a row.
  var rows: Int { shape.batch * shape.pixels }

  /// Lets `body` write the gradient, or add to the present one.
  func contribute(_ body: (_ gradient: FloatSlice, _ isAdding: Bool) -> Void) {
    guard let gradient else { return }
    body(gradient, hasGradient)
    hasGradient = true
  }
}

/// One operation of the graph in training, forward and backward.
protocol TrainingStep: AnyObject {
  func forward(isTraining: Bool)
  /// Adds to the inputs' gradients and sets the parameters'; may overwrite the output's gradient, which is no longer
  /// needed.
  func backward()
}

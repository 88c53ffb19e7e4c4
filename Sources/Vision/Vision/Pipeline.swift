import Backbone
import Graphs
import ImageTypes
import Processing
import Tensors

/// The pipeline from a region of an image to a network's outputs, the same for every task: prepare, run.
///
/// Decoding of the outputs belongs to each task.
struct Pipeline: Sendable {
  let name: String
  let network: Network
  let preprocessor: Preprocessor
  /// The range of the network's outputs to compute.
  let outputs: Range<Int>
  /// Nodes of the backbone, which come first.
  private let backboneNodes: Int

  /// The network of a model file.
  ///
  /// - Throws: `VisionError` where its weights do not fit its card.
  init(_ model: ModelFile, session: Session) throws(VisionError) {
    do throws(BackboneError) {
      var graph = try Graph(model.card.backbone)
      backboneNodes = graph.nodes.count
      try graph.appendHead(of: model.card)
      network = try Network(graph, weights: model.weights, session: session)
    } catch { throw VisionError(error, file: model.path) }
    name = model.card.name
    outputs = network.graph.outputs.indices
    preprocessor = try Pipeline.preprocessor(model)
  }

  private static func preprocessor(_ model: ModelFile) throws(VisionError) -> Preprocessor {
    do throws(PreprocessError) { return try Preprocessor(model.card.input) } catch {
      throw .unsuitable(file: model.path, reason: error.description)
    }
  }

  /// A network that has the model's outputs among others.
  ///
  /// - Throws: `VisionError` where its card does not describe an input.
  init(_ model: ModelFile, _ network: Network, outputs: Range<Int>) throws(VisionError) {
    name = model.card.name
    self.network = network
    self.outputs = outputs
    do throws(BackboneError) { backboneNodes = try Graph(model.card.backbone).nodes.count } catch {
      throw VisionError(error, file: model.path)
    }
    preprocessor = try Pipeline.preprocessor(model)
  }

  private init(_ other: Pipeline, _ network: Network) {
    (name, preprocessor, outputs, backboneNodes) = (other.name, other.preprocessor, other.outputs, other.backboneNodes)
    self.network = network
  }

  /// The same pipeline on another session.
  ///
  /// Packed weights are shared.
  func running(on session: Session) -> Pipeline { Pipeline(self, network.running(on: session)) }

  /// The network's input for a region.
  ///
  /// - Parameter ended: called after each stage.
  func prepare(_ image: borrowing PixelView, _ region: ImageRegion, ended: (Stage) -> Void) -> PreparedInput {
    let prepared = preprocessor.prepare(image, region, session: network.session)
    ended(.preprocess)
    return prepared
  }

  /// Steps of a run that belong to the backbone.
  ///
  /// - Throws: `BackboneError` when the input is too small for the network.
  func backboneSteps(_ input: Shape) throws(BackboneError) -> Int {
    try network.steps(before: backboneNodes, height: input.height, width: input.width, outputs)
  }

  /// The output of a network with a single one, and the region's place in the input.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  func map(
    _ image: borrowing PixelView, _ region: ImageRegion, ended: (Stage) -> Void
  ) throws(VisionError) -> (SharedTensor, ImageMapping) {
    let prepared = prepare(image, region, ended: ended)
    do throws(BackboneError) {
      let (map, border) = try (blank(prepared.tensor.shape), backboneSteps(prepared.tensor.shape))
      let to = unsafe map.tensor.withUnsafeElements { $0.baseAddress! }
      try unsafe network.run(prepared.tensor, outputs, into: [to]) { if $0 + 1 == border { ended(.backbone) } }
      ended(.head)
      return (map, prepared.mapping)
    } catch { throw VisionError(error, file: name) }
  }

  /// Memory for the last output of an input of that shape.
  func blank(_ input: Shape) throws(BackboneError) -> SharedTensor {
    let shapes = try network.outputShapes(height: input.height, width: input.width, outputs)
    return SharedTensor(unsafe Tensor(undefined: shapes.last!))
  }
}

import ImageTypes
import Backbone
import DeepLabLite
import Graphs
import Kernels
import ModelFiles
import Processing
import PyramidLite
import Tensors
@_exported import Datasets

/// The kind of a segmentation head.
public enum SegmentationHeadKind: Hashable, Sendable {
  /// DeepLabV3-lite on the deepest map.
  ///
  /// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 6.3.
  case deeplab
  /// A feature pyramid from the deepest map to finer ones.
  case pyramid(PyramidCard)
  /// A custom head, appended to the graph of the base's backbone, with an output of one channel for each class.
  case custom(Graph)
}

/// The training of a segmentation head on a frozen backbone: the trained layers, their inputs, and the resulting model.
public struct SegmentationTraining {
  /// The model with the head's backbone.
  public let base: ModelFile
  /// Class names, the background first.
  public let classes: [String]
  /// The kind of the head.
  public let kind: SegmentationHeadKind
  /// The part of the backbone that is trained too.
  public let learning: LearningPart
  /// The backbone of the trained model: the base's, with the task's output stride, and with the last convolution only
  /// where the head reads it.
  public let backboneCard: BackboneCard
  /// The preprocessing in training: the base's, with pictures stretched to the input.
  public let input: InputCard
  /// The trained layers, behind the frozen maps.
  public let graph: Graph
  /// The head's layers, behind the backbone's maps.
  private let head: Graph
  package let backbone: Network
  package let preprocessor: Preprocessor
  package let shapes: [Tap: Shape]
  private let teacher: (any SegmentationTeacher)?

  /// Creates a task.
  ///
  /// - Parameters:
  ///   - classes: 2 to 255 names, the background first.
  ///   - learning: the part of the backbone that is trained too.
  ///   - outputStride: the backbone's output stride, 8, 16 or 32; `nil` for the model's own.
  ///   - size: rows and columns of the input; `nil` for the model's own.
  ///   - teacher: gives each sample's class probabilities, also where there is no mask.
  /// - Throws: `BackboneError` when a level is not a tap, the input is too small or the weights do not fit.
  public init(
    base: ModelFile, classes: [String], kind: SegmentationHeadKind, learning: LearningPart = .none,
    outputStride: Int? = nil,
    size: Int? = nil, teacher: (any SegmentationTeacher)? = nil, session: Session = Session()
  ) throws(BackboneError) {
    guard (2...255).contains(classes.count) else {
      throw .cannotLearn(reason: "\(classes.count) classes, expected 2 to 255")
    }
    self.teacher = teacher
    self.base = base
    self.classes = classes
    self.kind = kind
    self.learning = learning
    var card = base.card.backbone
    card.outputStride = outputStride ?? card.outputStride
    input = base.card.input.stretched(size: size)
    let backboneGraph = try Graph(card)
    let classCount = classes.count
    var whole = backboneGraph
    let head: Graph
    do throws(GraphError) {
      switch kind {
      case .custom(let layers): whole = layers
      case .deeplab: try whole.deepLabLite(outputs: classCount, isNormalised: true)
      case .pyramid(let pyramid): try whole.pyramid(outputs: classCount, pyramid, isNormalised: true)
      }
      let count = backboneGraph.nodes.count
      guard Array(whole.nodes.prefix(count)) == backboneGraph.nodes else {
        throw GraphError.unusableLayer(
          place: 0, reason: "is not that of the base's backbone, which a head is appended to")
      }
      head = try whole.suffix(after: count)
    } catch { throw BackboneError(error) }
    self.head = head
    let channels = head.outputs.map { head.value(at: $0).channels }
    guard channels == [classCount] else {
      throw .unusableLayer(
        place: whole.outputs.first ?? 0, reason: "has \(channels) channels, expected one output with \(classCount)")
    }
    graph = try learning.graph(of: whole, backbone: backboneGraph.nodes.count)
    // The last convolution is kept where a layer reads it.
    card.hasLastConvolution = card.hasLastConvolution && head.inputTaps.contains(.last)
    backboneCard = card
    backbone = try Network(card, weights: base.weights, session: session)
    do { preprocessor = try Preprocessor(input) } catch { preconditionFailure("a card that was checked: \(error)") }
    shapes = backboneGraph.shapes(of: graph.inputTaps, height: input.height, width: input.width)
  }

  package var truthSize: Int { input.height * input.width + (teacher == nil ? 0 : answerShape.count) }

  /// The shape of the trained layers' output for one picture.
  private var answerShape: Shape { graph.shapes { shapes[$0]! }[graph.outputs[0]] }

  /// The label map, filled with the ignore index where there is none, and the teacher's probabilities.
  package func truth(of sample: LabelledImage) -> [UInt8] {
    let labels = sample.mask?.ids ?? [UInt8](repeating: Dataset.void, count: input.height * input.width)
    guard let teacher else { return labels }
    let shape = answerShape
    return labels
      + SoftLabels.bytes(
        teacher.probabilities(of: sample.image, height: shape.height, width: shape.width), classes: classes.count)
  }

  /// The cache key of the features: a text that changes when they would.
  package var key: String {
    frozenKey
      + (teacher.map { "\nteacher \($0.key) \(answerShape)" } ?? "")
  }

  /// The network in training.
  ///
  /// - Throws: `BackboneError.weights` where the base's tensors have other shapes.
  package func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork {
    do {
      return try TrainableNetwork(
        graph, batch: batch, tapShape: { shapes[$0]! }, weights: base.weights, seed: seed, session: backbone.session)
    } catch { throw .weights(error) }
  }

  /// The conversion of logits to a mask.
  public var segmentation: SegmentationCard {
    var card = SegmentationCard(
      outputs: classes.count, backgroundID: 0, voidID: 255, upsampling: .halfPixel,
      batchNormEpsilon: Normalisation.epsilon)
    switch kind {
    case .custom: card.layers = head
    case .deeplab: break
    case .pyramid(let pyramid): card.pyramid = pyramid
    }
    return card
  }

  /// The objective of the masks.
  ///
  /// - Parameters:
  ///   - classWeights: the weight of each class's pixels, the background first.
  ///   - dice: the weight of the soft Dice loss beside the cross-entropy.
  ///   - teacherWeight: the weight of a teacher's probabilities in [0, 1]; the labels have the rest.
  package func objective(classWeights: [Float], dice: Float, teacherWeight: Float = 0.5) -> SegmentationObjective {
    SegmentationObjective(
      height: input.height, width: input.width, weights: classWeights, dice: dice, upsampling: segmentation.upsampling,
      teacherWeight: teacher == nil ? nil : teacherWeight)
  }

  /// The trained model: the base's backbone with its trained part, and the head.
  ///
  /// - Parameters:
  ///   - onlyLearned: leaves out the base's own tensors, which are then read from the base.
  ///   - gate: restricts masks to the detections of the base, a detector; only with `onlyLearned`.
  package func model(
    _ network: TrainableNetwork, name: String, provenance: Provenance, onlyLearned: Bool = false,
    gate: GateCard? = nil
  ) -> (card: ModelCard, weights: Weights) {
    precondition(gate == nil || onlyLearned, "a gate needs the base")
    let (tensors, baseCard) = tensors(network, onlyLearned: onlyLearned)
    var card = ModelCard(
      name: name, task: .segment, family: "trained", provenance: provenance, backbone: backboneCard,
      // A head in one pass with its base has the base's preprocessing.
      input: onlyLearned ? input : input.asLearned,
      labels: classes.enumerated().map { ClassLabel(output: $0, id: $0, name: $1) }, segmentation: segmentation)
    card.base = baseCard
    card.segmentation?.gate = gate
    return (card, Weights(source: name, tensors: tensors))
  }
}

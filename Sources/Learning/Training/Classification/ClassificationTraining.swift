import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import Processing
import Tensors

/// The training of a classifier on a frozen backbone: the trained layers, their inputs, and the resulting model.
///
/// The head is the paper's own: global average pooling of the deepest map, then a logit for each class.
public struct ClassificationTraining {
  /// The model with the classifier's backbone.
  public let base: ModelFile
  /// Class names, in the order of the outputs.
  public let classes: [String]
  /// The part of the backbone that is trained too.
  public let learning: LearningPart
  /// The backbone's architecture, that of the base.
  public let backboneCard: BackboneCard
  /// The preprocessing in training: the base's, with pictures stretched to the input.
  public let input: InputCard
  package let graph: Graph
  package let backbone: Network
  package let preprocessor: Preprocessor
  package let shapes: [Tap: Shape]
  /// The initial values of the trained part of the backbone.
  private let firstValues: Weights?

  /// The deepest map's mean, the only feature that a classifier on a frozen backbone caches.
  private static let mean = Tap("classifier/mean")

  /// Creates a task.
  ///
  /// - Parameters:
  ///   - classes: 2 to 254 names in the order of the outputs: those of a `Dataset` without its first, the background.
  ///   - learning: the part of the backbone that is trained too.
  ///   - size: rows and columns of the input; `nil` for the model's own.
  /// - Throws: `BackboneError` when there is no such block, the input is too small or the weights do not fit.
  public init(
    base: ModelFile, classes: [String], learning: LearningPart = .none, size: Int? = nil, session: Session = Session()
  ) throws(BackboneError) {
    guard (2...254).contains(classes.count) else {
      throw .cannotLearn(reason: "\(classes.count) classes, expected 2 to 254")
    }
    self.base = base
    self.classes = classes
    self.learning = learning
    backboneCard = base.card.backbone
    input = base.card.input.stretched(size: size)
    var frozen = try Graph(backboneCard)
    var whole = frozen
    whole.classifier(outputs: classes.count)
    // Behind a frozen backbone the mean is frozen too, and has a fiftieth of the map's size.
    let place = frozen.nodes.count
    whole.name(whole.value(at: place), Self.mean)
    frozen.name(frozen.globalPooling(frozen.value(at: place - 1)), Self.mean)
    graph = try learning.graph(of: whole, backbone: frozen.nodes.count)
    backbone = try Network(frozen, weights: base.weights, session: session)
    do { preprocessor = try Preprocessor(input) } catch { preconditionFailure("a card that was checked: \(error)") }
    shapes = frozen.shapes(of: graph.inputTaps, height: input.height, width: input.width)
    // The base may have a classifier itself, for other classes.
    let own = Set(frozen.parameters.map(\.name))
    let wanted = graph.parameters.filter { own.contains($0.name) }
    do {
      firstValues = wanted.isEmpty ? nil : try base.weights.copy(of: wanted.map { ($0.name, $0.shape) })
    } catch { throw .weights(error) }
  }

  package var truthSize: Int { 1 }

  package func truth(of sample: LabelledImage) -> [UInt8] {
    [sample.classIndex.map { UInt8($0 - 1) } ?? Dataset.void]
  }

  /// The cache key of the features: a text that changes when they would.
  package var key: String { "classes\n\(frozenKey)" }

  /// The network in training.
  ///
  /// - Throws: `BackboneError.weights` where the base's tensors have other shapes.
  package func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork {
    do {
      return try TrainableNetwork(
        graph, batch: batch, tapShape: { shapes[$0]! }, weights: firstValues, seed: seed, session: backbone.session)
    } catch { throw .weights(error) }
  }

  /// The objective of the classes.
  ///
  /// - Parameter classWeights: the weight of each class's pictures, in the order of the outputs.
  package func objective(classWeights: [Float]) -> ClassificationObjective {
    ClassificationObjective(weights: classWeights)
  }

  /// The trained model: the base's backbone with its trained part, and the classifier.
  ///
  /// - Parameter ids: the data set's own number of each class.
  package func model(
    _ network: TrainableNetwork, name: String, ids: [Int], provenance: Provenance
  ) -> (card: ModelCard, weights: Weights) {
    precondition(ids.count == classes.count, "\(ids.count) numbers for \(classes.count) classes")
    let card = ModelCard(
      name: name, task: .classify, family: "trained", provenance: provenance, backbone: backboneCard,
      input: input.asLearned, classifierOutputs: classes.count,
      labels: classes.indices.map { ClassLabel(output: $0, id: ids[$0], name: classes[$0]) })
    return (card, Weights(source: name, tensors: tensors(network).values))
  }
}

extension ClassificationTraining {
  /// Trains on pictures of one class each: computes the feature cache, then runs the schedule.
  ///
  /// `backbone train classify` does the same with checkpoints, a log and a curve.
  /// - Parameters:
  ///   - name: the model's name.
  ///   - samples: the training and validation samples; their data set has the task's classes behind its first.
  ///   - cache: the feature cache's file, which may be large and is kept. A file made from the same inputs is used
  ///     again.
  ///   - cacheLimit: the cache's greatest size in bytes.
  ///   - classWeights: the weight of each class's pictures; equal weights where it is `nil`.
  ///   - progress: called after each step with the number of all steps; a result of false ends the run there.
  /// - Returns: the same bits for the same samples and schedule, whatever the threads.
  /// - Throws: `TrainingError`, `DatasetError` for a picture that cannot be read or other classes, or `BackboneError`.
  public func train(
    _ name: String = "mine", from samples: TrainingSamples, schedule: Schedule, cache path: String,
    cacheLimit: Int = 16 << 30, classWeights: [Float]? = nil,
    progress: (_ step: Int, _ of: Int, _ loss: Double) -> Bool = { _, _, _ in true }
  ) throws -> TrainingResult {
    try samples.expectClasses(samples.training.classNames.prefix(1) + classes)
    let weights = classWeights ?? [Float](repeating: 1, count: classes.count)
    let trainer = try learn(
      from: samples, objective(classWeights: weights), schedule: schedule, cache: path, cacheLimit: cacheLimit,
      progress: progress)
    let made = model(
      trainer.network, name: name, ids: samples.training.classes.dropFirst().map(\.id),
      provenance: provenance(of: samples))
    return TrainingResult(trainer, made, name: name)
  }
}

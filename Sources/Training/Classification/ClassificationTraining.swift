import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import Preprocess
import Tensors

/// A classifier on a frozen backbone: which layers learn, what they see, and the model that comes of it.
///
/// The head is the paper's own: the mean of the deepest map over all pixels, then a logit for each class.
public struct ClassificationTraining {
  /// The model whose backbone the classifier sits on.
  public let base: ModelFile
  /// Class names, in the order of the outputs.
  public let classes: [String]
  /// The part of the backbone that learns too.
  public let learning: LearningPart
  public let backboneCard: BackboneCard
  public let input: InputCard
  package let graph: Graph
  package let backbone: Network
  package let preprocessor: Preprocessor
  package let shapes: [Tap: Shape]
  /// What the learning part of the backbone begins with.
  private let firstValues: Weights?

  /// The deepest map's mean, which is all that a classifier on a frozen backbone wants to keep of it.
  private static let mean = Tap("classifier/mean")

  /// Lays out a task.
  ///
  /// - Parameters:
  ///   - classes: 2 to 254 names in the order of the outputs: those of a `Dataset` without its first, which is no class of
  ///     pictures.
  ///   - learning: the part of the backbone that learns too.
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
    // Behind a frozen backbone the mean is frozen too, and a fiftieth of the map.
    let place = frozen.nodes.count
    whole.name(whole.value(at: place), Self.mean)
    frozen.name(frozen.globalPooling(frozen.value(at: place - 1)), Self.mean)
    graph = try learning.graph(of: whole, backbone: frozen.nodes.count)
    backbone = try Network(frozen, weights: base.weights, session: session)
    do { preprocessor = try Preprocessor(input) } catch { preconditionFailure("a card that was checked: \(error)") }
    shapes = frozen.shapes(of: graph.inputTaps, height: input.height, width: input.width)
    // A base may have a classifier of its own, for other classes.
    let own = Set(frozen.parameters.map(\.name))
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    do throws(WeightsError) {
      for parameter in graph.parameters where own.contains(parameter.name) {
        tensors[parameter.name] = (parameter.shape, try base.weights.values(parameter.name, shape: parameter.shape))
      }
    } catch { throw .weights(error) }
    firstValues = tensors.isEmpty ? nil : Weights(source: base.path, tensors: tensors)
  }

  package var truthSize: Int { 1 }

  package func truth(of sample: LabelledImage) -> [UInt8] {
    [sample.classIndex.map { UInt8($0 - 1) } ?? Dataset.void]
  }

  /// What the features are made with, as a text that changes when they would.
  package var key: String { "classes\n\(frozenKey)" }

  /// The network that learns.
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
  /// - Parameter classWeights: for each class, in the order of the outputs.
  package func objective(classWeights: [Float]) -> ClassificationObjective {
    ClassificationObjective(weights: classWeights)
  }

  /// The model that has been learned: the base's backbone, what was trained of it, and the classifier.
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
  /// Learns from pictures of one class each: computes the frozen maps into a file, then follows the schedule.
  ///
  /// `backbone train classify` does the same with checkpoints, a log and a curve.
  /// - Parameters:
  ///   - name: of the model.
  ///   - samples: to learn from and kept apart; their data set has the task's classes behind its first.
  ///   - cache: a file for the maps, which may be large and is left there; one that was made from the same things is used
  ///     again.
  ///   - cacheLimit: bytes that it may have.
  ///   - classWeights: how much a picture of each class counts; all the same where it is `nil`.
  ///   - progress: told after each step of how many; false ends the run there.
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

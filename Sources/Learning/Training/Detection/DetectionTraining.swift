import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import Processing
import SSDLite
import Tensors

/// The training of an SSDLite head on a frozen backbone: the trained layers, their inputs, and the resulting model.
///
/// Where the base is a detector itself, its head initialises the new one. The class predictors are initialised for the
/// classes with equal names.
public struct DetectionTraining {
  /// The model with the head's backbone.
  public let base: ModelFile
  /// Class names, the background first.
  public let classes: [String]
  /// The loss, which also decides the activation of scores: sigmoid for focal loss, softmax for multibox loss.
  public let loss: DetectionLoss
  /// The backbone's architecture, that of the base.
  public let backboneCard: BackboneCard
  /// The preprocessing in training: the base's, with pictures stretched to the input.
  public let input: InputCard
  /// The decoding of the outputs to boxes.
  public let detection: DetectionCard
  /// Whether the head's layers begin with the base's weights.
  package let isPretrained: Bool
  package let graph: Graph
  package let backbone: Network
  package let preprocessor: Preprocessor
  package let shapes: [Tap: Shape]
  private let firstValues: Weights
  /// The outputs of classes with equal names in the base, and their outputs in the base's class predictors.
  private let knownOutputs: [(output: Int, base: Int)]

  /// Creates a task.
  ///
  /// - Parameters:
  ///   - classes: 2 to 255 names, the background first.
  ///   - learning: the part of the backbone that is trained too.
  ///   - size: rows and columns of the input; `nil` for the model's own.
  ///   - startsAnew: initialises all layers at random even where the base has a head.
  /// - Throws: `BackboneError` when the backbone lacks the last convolution or the weights do not fit.
  public init(
    base: ModelFile, classes: [String], loss: DetectionLoss, learning: LearningPart = .none, size: Int? = nil,
    startsAnew: Bool = false, session: Session = Session()
  ) throws(BackboneError) {
    guard (2...255).contains(classes.count) else {
      throw .cannotLearn(reason: "\(classes.count) classes, expected 2 to 255")
    }
    self.base = base
    self.classes = classes
    self.loss = loss
    backboneCard = base.card.backbone
    input = base.card.input.stretched(size: size)
    // An SSDLite head can't be initialised from a head of full convolutions.
    isPretrained = !startsAnew && base.card.detection != nil && base.card.detection?.convolutions != .full
    let backboneGraph = try Graph(backboneCard)
    var whole = backboneGraph
    do throws(GraphError) {
      try whole.ssdlite(
        outputs: classes.count, width: backboneCard.widthMultiplier, isNormalised: !isPretrained)
    } catch { throw BackboneError(error) }
    graph = try learning.graph(of: whole, backbone: backboneGraph.nodes.count)
    var detection = base.card.detection ?? DetectionTraining.usualCard
    (detection.outputs, detection.backgroundOutput, detection.convolutions) = (classes.count, 0, nil)
    // Chosen for the base's own classes.
    detection.recommendedScore = nil
    switch loss {
    case .focal: detection.scoreActivation = .sigmoid
    case .multibox: detection.scoreActivation = .softmax
    }
    self.detection = detection
    backbone = try Network(backboneCard, weights: base.weights, session: session)
    do { preprocessor = try Preprocessor(input) } catch { preconditionFailure("a card that was checked: \(error)") }
    shapes = backboneGraph.shapes(of: graph.inputTaps, height: input.height, width: input.width)
    let known = base.card.detection
    if isPretrained, let known, known.scoreActivation == detection.scoreActivation {
      let outputs = Dictionary(base.card.labels.map { ($0.name, $0.output) }, uniquingKeysWith: { first, _ in first })
      let things = classes.indices.dropFirst().compactMap { output in outputs[classes[output]].map { (output, $0) } }
      let background = known.backgroundOutput.map { [(0, $0)] } ?? []
      knownOutputs = things.isEmpty ? [] : background + things
    } else {
      knownOutputs = []
    }
    // The class predictors have outputs of their own; see `network(batch:seed:)`.
    let isHead = isPretrained
    let wanted = graph.parameters.filter { parameter in
      base.weights.contains(parameter.name) && !parameter.name.contains(".class.pointwise")
        && (isHead || !parameter.name.hasPrefix("ssdlite."))
    }
    do { firstValues = try base.weights.copy(of: wanted.map { ($0.name, $0.shape) }) } catch { throw .weights(error) }
  }

  /// The card of a detector on a base without one: the usual default boxes, and a score threshold of 0.3.
  private static var usualCard: DetectionCard {
    var card = DetectionCard.tensorFlow(outputs: 0)
    (card.scoreThreshold, card.iouThreshold) = (0.3, 0.5)
    return card
  }

  package var truthSize: Int { DetectionTruth.size }

  package func truth(of sample: LabelledImage) -> [UInt8] { DetectionTruth(sample).bytes }

  /// The cache key of the features: a text that changes when they would.
  package var key: String { "boxes\n\(frozenKey)" }

  /// The network in training.
  ///
  /// - Throws: `BackboneError.weights` where the base's tensors have other shapes.
  package func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork {
    let network: TrainableNetwork
    do {
      network = try TrainableNetwork(
        graph, batch: batch, tapShape: { shapes[$0]! }, weights: firstValues.entries.isEmpty ? nil : firstValues,
        seed: seed, session: backbone.session)
    } catch { throw .weights(error) }
    for parameter in network.parameters.parameters where parameter.name.contains(".class.pointwise.") {
      // Small initial weights of the last layer give nearly constant outputs.
      parameter.value.set(parameter.value.values.map { $0 * 0.1 })
      if case .focal = loss, parameter.name.hasSuffix(".bias") {
        // All probabilities begin at 0.01. Source: "Focal Loss for Dense Object Detection", section 4.1.
        parameter.value.set([Float](repeating: -4.59512, count: parameter.value.count))
      }
      do { try keepKnownClasses(parameter) } catch { throw .weights(error) }
    }
    return network
  }

  /// Copies the base's values of equal classes to a class predictor's tensor, whose last axis is `[anchors, classes]`.
  private func keepKnownClasses(_ parameter: Parameter) throws(WeightsError) {
    guard !knownOutputs.isEmpty, let outputs = base.card.detection?.outputs else { return }
    let ownChannels = parameter.shape.last!
    let anchors = ownChannels / classes.count
    let channels = anchors * outputs
    let known = try base.weights.values(parameter.name, shape: parameter.shape.dropLast() + [channels])
    var values = Array(parameter.value.values)
    for row in 0..<values.count / ownChannels {
      for anchor in 0..<anchors {
        for (output, base) in knownOutputs {
          values[row * ownChannels + anchor * classes.count + output] = known[row * channels + anchor * outputs + base]
        }
      }
    }
    parameter.value.set(values)
  }

  /// The objective of the boxes.
  package func objective() -> DetectionObjective {
    let shapes = graph.shapes { self.shapes[$0]! }
    let maps = stride(from: 0, to: graph.outputs.count, by: 2).map { index in
      let shape = shapes[graph.outputs[index]]
      return (height: shape.height, width: shape.width)
    }
    return DetectionObjective(detection, input: input, maps: maps, loss: loss)
  }

  /// The trained model: the base's backbone with its trained part, and the head.
  ///
  /// - Parameter ids: the data set's own number of each class.
  package func model(_ network: TrainableNetwork, name: String, ids: [Int], provenance: Provenance)
    -> (card: ModelCard, weights: Weights)
  {
    let labels = classes.indices.dropFirst().map { ClassLabel(output: $0, id: ids[$0], name: classes[$0]) }
    let card = ModelCard(
      name: name, task: .detect, family: "trained", provenance: provenance, backbone: backboneCard,
      input: input.asLearned,
      labels: labels, detection: detection)
    return (card, Weights(source: name, tensors: tensors(network).values))
  }
}

extension DetectionTraining {
  /// Trains on pictures with boxes: computes the feature cache, then runs the schedule.
  ///
  /// `backbone train detect` does the same with checkpoints, a log and a curve, and chooses the schedule by
  /// `DetectionPlan`.
  /// - Parameters:
  ///   - name: the model's name.
  ///   - samples: the training and validation samples; their data set has the task's classes.
  ///   - cache: the feature cache's file, which may be large and is kept. A file made from the same inputs is used
  ///     again.
  ///   - cacheLimit: the cache's greatest size in bytes.
  ///   - progress: called after each step with the number of all steps; a result of false ends the run there.
  /// - Returns: the same bits for the same samples and schedule, whatever the threads.
  /// - Throws: `TrainingError`, `DatasetError` for a picture that cannot be read or other classes, or `BackboneError`.
  public func train(
    _ name: String = "mine", from samples: TrainingSamples, schedule: Schedule, cache path: String,
    cacheLimit: Int = 16 << 30, progress: (_ step: Int, _ of: Int, _ loss: Double) -> Bool = { _, _, _ in true }
  ) throws -> TrainingResult {
    try samples.expectClasses(classes)
    let trainer = try learn(
      from: samples, objective(), schedule: schedule, cache: path, cacheLimit: cacheLimit, progress: progress)
    let made = model(
      trainer.network, name: name, ids: samples.training.classes.map(\.id), provenance: provenance(of: samples))
    return TrainingResult(trainer, made, name: name)
  }
}

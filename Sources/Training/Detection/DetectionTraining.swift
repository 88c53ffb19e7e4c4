import Backbone
import Datasets
import Graphs
import Kernels
import ModelFiles
import Postprocess
import Preprocess
import SSDLite
import Tensors

/// An SSDLite head on a frozen backbone: which layers learn, what they see, and the model that comes of it.
///
/// Where the base is a detector itself, its head's layers are where learning begins; its class predictors too, for the classes
/// that both have by the same name.
public struct DetectionTraining {
  /// The model whose backbone the head sits on.
  public let base: ModelFile
  /// Class names, the background first.
  public let classes: [String]
  public let loss: DetectionLoss
  public let backboneCard: BackboneCard
  public let input: InputCard
  /// How the answers become boxes.
  public let detection: DetectionCard
  /// Whether the head's layers begin with the base's weights.
  public let isPretrained: Bool
  package let graph: Graph
  package let backbone: Network
  package let preprocessor: Preprocessor
  package let shapes: [Tap: Shape]
  private let firstValues: Weights
  /// The outputs of classes that the base knows by the same name, and theirs in the base's class predictors.
  private let knownOutputs: [(output: Int, base: Int)]

  /// Lays out a task.
  ///
  /// - Parameters:
  ///   - classes: 2 to 255 names, the background first.
  ///   - learning: the part of the backbone that learns too.
  ///   - size: rows and columns of the input; `nil` for the model's own.
  ///   - startsAnew: begin with new layers even where the base has a head.
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
    // SSDLite is what learns, so a head of full convolutions gives it nothing to begin with.
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
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    do throws(WeightsError) {
      for parameter in wanted {
        tensors[parameter.name] = (parameter.shape, try base.weights.values(parameter.name, shape: parameter.shape))
      }
    } catch { throw .weights(error) }
    firstValues = Weights(source: base.path, tensors: tensors)
  }

  /// Of a detector whose base is none: the usual boxes, reported from a score of 0.3 on.
  private static var usualCard: DetectionCard {
    var card = DetectionCard.tensorFlow(outputs: 0)
    (card.scoreThreshold, card.iouThreshold) = (0.3, 0.5)
    return card
  }

  package var truthSize: Int { DetectionTruth.size }

  package func truth(of sample: LabelledImage) -> [UInt8] { DetectionTruth(sample).bytes }

  /// What the features are made with, as a text that changes when they would.
  package var key: String { "boxes\n\(frozenKey)" }

  /// The network that learns.
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
      // A last layer that begins small begins without opinions.
      parameter.value.set(parameter.value.values.map { $0 * 0.1 })
      if case .focal = loss, parameter.name.hasSuffix(".bias") {
        // Everything begins at a probability of 0.01. Source: "Focal Loss for Dense Object Detection", section 4.1.
        parameter.value.set([Float](repeating: -4.59512, count: parameter.value.count))
      }
      do { try keepKnownClasses(parameter) } catch { throw .weights(error) }
    }
    return network
  }

  /// Copies what the base knows of the same classes to a tensor of a class predictor, whose last axis is `[anchors, classes]`.
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

  /// The model that has been learned: the base's backbone, what was trained of it, and the head.
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
  /// Learns from pictures with boxes: computes the frozen maps into a file, then follows the schedule.
  ///
  /// `backbone train detect` does the same with checkpoints, a log and a curve, and chooses the schedule by `DetectionPlan`.
  /// - Parameters:
  ///   - name: of the model.
  ///   - samples: to learn from and kept apart; their data set has the task's classes.
  ///   - cache: a file for the maps, which may be large and is left there; one that was made from the same things is used
  ///     again.
  ///   - cacheLimit: bytes that it may have.
  ///   - progress: told after each step of how many; false ends the run there.
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

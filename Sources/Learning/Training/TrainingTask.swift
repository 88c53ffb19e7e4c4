import Backbone
import Datasets
import Files
import Graphs
import ModelFiles
import Processing
import Tensors

/// A training task: the trained layers, their inputs, and the source of their features.
package protocol TrainingTask {
  /// The model with the head's backbone.
  var base: ModelFile { get }
  /// The backbone of the finished model.
  var backboneCard: BackboneCard { get }
  var input: InputCard { get }
  /// The trained layers, behind the frozen maps.
  var graph: Graph { get }
  /// The cache key of the features: a text that changes when they would.
  var key: String { get }

  /// The frozen network that computes the features.
  var backbone: Network { get }
  var preprocessor: Preprocessor { get }

  /// The map of each of the graph's inputs for one picture.
  var shapes: [Tap: Shape] { get }
  /// Bytes of a sample's ground truth.
  var truthSize: Int { get }
  /// The cached ground truth of a sample, `truthSize` bytes; called from several threads.
  func truth(of sample: LabelledImage) -> [UInt8]
  /// The network in training.
  func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork
}

extension ClassificationTraining: TrainingTask {}
extension DetectionTraining: TrainingTask {}
extension SegmentationTraining: TrainingTask {}

extension TrainingTask {
  /// The layout of a cache of that many samples.
  package func layout(samples: Int) -> FeatureCache.Layout {
    FeatureCache.Layout(
      samples: samples, taps: graph.inputTaps, shapes: graph.inputTaps.map { shapes[$0]! }, truth: truthSize)
  }

  /// The cache key of the frozen maps: a text that changes when they would.
  var frozenKey: String {
    let names = backbone.graph.parameters.map(\.name)
    return "\(input)\n\(backboneCard)\n\(graph.inputTaps)\nbackbone \(base.weights.checksum(of: names))"
  }

  /// The tensors of the trained model: the trained ones, and the rest of the backbone from the base.
  ///
  /// - Parameter onlyLearned: leaves out that rest, which is then read from `base`.
  func tensors(_ network: TrainableNetwork, onlyLearned: Bool = false) -> (
    values: [String: (shape: [Int], values: [Float])], base: BaseModel?
  ) {
    var tensors = network.folded()
    let own = backbone.graph.parameters.filter { tensors[$0.name] == nil }
    if onlyLearned {
      let names = own.map(\.name).sorted()
      return (tensors, BaseModel(name: base.card.name, tensors: names, checksum: base.weights.checksum(of: names)))
    }
    for parameter in own {
      // It was packed from there when the task was created.
      guard let values = try? base.weights.values(parameter.name, shape: parameter.shape) else { continue }
      tensors[parameter.name] = (parameter.shape, values)
    }
    return (tensors, nil)
  }

  /// The extraction of the features.
  var extraction: FeatureExtraction { FeatureExtraction(backbone, preprocessor, taps: graph.inputTaps) }

  /// Fills a cache of `layout(samples:)`; see `FeatureExtraction.fill`.
  package func fill(
    _ writer: FeatureCache.Writer, _ samples: TrainingSamples,
    ended: (_ done: Int, _ fault: (picture: Int, error: DatasetError)?) -> Void
  ) throws(TrainingError) {
    try extraction.fill(writer, samples, truth: truth, ended: ended)
  }

  /// Whether every map of a batch fits into a tensor.
  package func fits(batch: Int) -> Bool {
    let one = layout(samples: 1)
    let taps = Dictionary(zip(one.taps, one.shapes), uniquingKeysWith: { first, _ in first })
    return graph.shapes { taps[$0]! }.allSatisfy { shape in
      Shape.elementCount(of: [batch, shape.height, shape.width, shape.channels]) != nil
    }
  }

  /// The cache key of those samples' features: a digest that changes when they would.
  package func featuresKey(_ samples: TrainingSamples) -> String {
    SHA256.hexDigest(of: Array((samples.key + key).utf8))
  }

  /// The provenance of a model trained on that many pictures, with the base's licence terms.
  package func provenance(pictures: Int) -> Provenance {
    let known = base.card.provenance
    return Provenance(
      origin: "trained on \(base.card.name) with \(pictures) pictures", licence: known.licence,
      sourceSHA256: known.sourceSHA256)
  }
}

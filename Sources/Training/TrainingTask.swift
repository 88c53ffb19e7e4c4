import Backbone
import Datasets
import Files
import Graphs
import ModelFiles
import Preprocess
import Tensors

/// What a head is to learn: the layers, what they see, and where their features come from.
package protocol TrainingTask {
  /// The model whose backbone the head sits on.
  var base: ModelFile { get }
  /// The backbone as the finished model has it.
  var backboneCard: BackboneCard { get }
  var input: InputCard { get }
  /// The layers that learn, behind the maps that do not.
  var graph: Graph { get }
  /// What the features are made with, as a text that changes when they would.
  var key: String { get }

  /// The frozen network that the features come from.
  var backbone: Network { get }
  var preprocessor: Preprocessor { get }

  /// The map of each of the graph's inputs for one picture.
  var shapes: [Tap: Shape] { get }
  /// Bytes of a sample's truth.
  var truthSize: Int { get }
  /// What the cache keeps of a sample's truth, as many bytes for each; called from several threads.
  func truth(of sample: LabelledImage) -> [UInt8]
  /// The network that learns.
  func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork
}

extension ClassificationTraining: TrainingTask {}
extension DetectionTraining: TrainingTask {}
extension SegmentationTraining: TrainingTask {}

extension TrainingTask {
  /// What a cache of so many samples holds.
  package func layout(samples: Int) -> FeatureCache.Layout {
    FeatureCache.Layout(
      samples: samples, taps: graph.inputTaps, shapes: graph.inputTaps.map { shapes[$0]! }, truth: truthSize)
  }

  /// What the frozen maps are made with, as a text that changes when they would.
  var frozenKey: String {
    let names = backbone.graph.parameters.map(\.name)
    return "\(input)\n\(backboneCard)\n\(graph.inputTaps)\nbackbone \(base.weights.checksum(of: names))"
  }

  /// The tensors of the model that has been learned: what was trained, and the rest of the backbone as the base has it.
  ///
  /// - Parameter onlyLearned: leaves out that rest, which `base` then names.
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
      // It was packed from there when the task was laid out.
      guard let values = try? base.weights.values(parameter.name, shape: parameter.shape) else { continue }
      tensors[parameter.name] = (parameter.shape, values)
    }
    return (tensors, nil)
  }

  /// What computes the features.
  var extraction: FeatureExtraction { FeatureExtraction(backbone, preprocessor, taps: graph.inputTaps) }

  /// Fills a cache of `layout(samples:)`; see `FeatureExtraction.fill`.
  package func fill(
    _ writer: FeatureCache.Writer, _ samples: TrainingSamples,
    ended: (_ done: Int, _ fault: (picture: Int, error: DatasetError)?) -> Void
  ) throws(TrainingError) {
    try extraction.fill(writer, samples, truth: truth, ended: ended)
  }

  /// Whether every map of a batch has a size that a tensor can have.
  package func fits(batch: Int) -> Bool {
    let one = layout(samples: 1)
    let taps = Dictionary(zip(one.taps, one.shapes), uniquingKeysWith: { first, _ in first })
    return graph.shapes { taps[$0]! }.allSatisfy { shape in
      Shape.elementCount(of: [batch, shape.height, shape.width, shape.channels]) != nil
    }
  }

  /// What a cache of those samples' features is made from: a digest that changes when they would.
  package func featuresKey(_ samples: TrainingSamples) -> String {
    SHA256.hexDigest(of: Array((samples.key + key).utf8))
  }

  /// Where a model that was learned from so many pictures comes from: its terms are the base's.
  package func provenance(pictures: Int) -> Provenance {
    let known = base.card.provenance
    return Provenance(
      origin: "trained on \(base.card.name) with \(pictures) pictures", licence: known.licence,
      sourceSHA256: known.sourceSHA256)
  }
}

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
  var input: InputCard { get }
  /// The layers that learn, behind the maps that do not.
  var graph: Graph { get }
  /// What the features are made with, as a text that changes when they would.
  var key: String { get }

  /// The frozen network that the features come from.
  var backbone: Network { get }
  var preprocessor: Preprocessor { get }

  /// What a cache of so many samples holds.
  func layout(samples: Int) -> FeatureCache.Layout
  /// What the cache keeps of a sample's truth, as many bytes for each; called from several threads.
  func truth(of sample: LabelledImage) -> [UInt8]
  /// The network that learns.
  func network(batch: Int, seed: UInt64) throws(BackboneError) -> TrainableNetwork
}

extension SegmentationTraining: TrainingTask {}
extension DetectionTraining: TrainingTask {}

extension TrainingTask {
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

import Backbone
import DeepLabLite
import Preprocess
import PyramidLite

/// A head whose answer is a map of class logits.
protocol SegmentationHead: Head where Output == FeatureVector {
  func callAsFunction(_ maps: FeatureMaps) -> FeatureVector
}

extension DeepLabLiteHead: SegmentationHead {}
extension PyramidLiteHead: SegmentationHead {}

/// Outlines things in pictures with one model; safe to share between threads.
public final class Segmenter: Sendable {
  public let card: ModelCard
  public let backbone: MobileNetV2
  private let segmentation: SegmentationCard
  private let head: any SegmentationHead
  let preprocessor: Preprocessor

  /// Prepares a segmentation model.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is no segmenter or its weights do not fit its card.
  public convenience init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(model, compute: Compute(threads: threads))
  }

  /// Prepares a segmentation model on threads and kernels of the caller's choice.
  ///
  /// - Throws: `VisionError` when the model is no segmenter or its weights do not fit its card.
  public init(_ model: ModelFile, compute: Compute) throws(VisionError) {
    guard model.card.task == .segment, let segmentation = model.card.segmentation else {
      throw .wrongTask(expected: .segment, found: model.card.task, file: model.path)
    }
    try VisionError.check(model)
    guard (1...256).contains(segmentation.outputs) else {
      throw .unsuitable(file: model.path, reason: "its card has \(segmentation.outputs) classes, expected 1 ... 256")
    }
    card = model.card
    self.segmentation = segmentation
    do throws(PreprocessError) { preprocessor = try Preprocessor(card.input) } catch {
      throw .unsuitable(file: model.path, reason: error.description)
    }
    do throws(BackboneError) {
      backbone = try MobileNetV2(card.backbone, weights: model.weights, compute: compute)
      if let pyramid = segmentation.pyramid {
        head = try PyramidLiteHead(segmentation, pyramid, on: backbone, weights: model.weights)
      } else {
        head = try DeepLabLiteHead(segmentation, on: backbone, weights: model.weights)
      }
    } catch { throw VisionError(error, file: model.path) }
  }

  /// A class id for each pixel of the picture, at the picture's own size.
  ///
  /// The logits are enlarged row by row and only their best class is kept, so they never exist at full size.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ image: Image) throws(VisionError) -> LabelMap { try segment(image, ended: { _ in }) }

  /// The same, telling `ended` when each part has ended.
  package func segment(_ image: Image, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    try backbone.compute.pool.awake { () throws(VisionError) in try answer(image, ended: ended) }
  }

  private func answer(_ image: Image, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    let prepared = preprocessor.prepare(image, compute: backbone.compute)
    ended(.preprocess)
    let maps: FeatureMaps
    do throws(BackboneError) { maps = try backbone.features(of: prepared.tensor, taps: taps) } catch {
      throw VisionError(error, file: card.name)
    }
    ended(.backbone)
    return mask(maps, prepared.mapping, image, ended: ended)
  }

  /// The maps that the head reads.
  var taps: [Tap] { head.taps }

  /// The mask that follows from the head's maps.
  func mask(_ maps: FeatureMaps, _ mapping: ImageMapping, _ image: Image, ended: (Stage) -> Void) -> LabelMap {
    let logits = head(maps)
    ended(.head)
    let shape = logits.tensor.shape
    let upsampler = ArgmaxUpsampler(
      mapping, upsampling: segmentation.upsampling, height: shape.height, width: shape.width,
      classes: shape.channels)
    let masks = MaskRows(
      backbone.compute.kernels, on: backbone.compute.pool, rows: upsampler.rows, columns: upsampler.columns,
      classes: upsampler.classes)
    let map = LabelMap(width: image.width, height: image.height, ids: logits.tensor.withSpan { masks.labels($0) })
    ended(.postprocess)
    return map
  }
}

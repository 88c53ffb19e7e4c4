import Backbone
import DeepLabLite
import Preprocess

/// Outlines things in pictures with one model; safe to share between threads.
public final class Segmenter: Sendable {
  public let card: ModelCard
  public let backbone: MobileNetV2
  private let segmentation: SegmentationCard
  private let head: DeepLabLiteHead
  private let preprocessor: Preprocessor

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
      head = try DeepLabLiteHead(segmentation, on: backbone, weights: model.weights)
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
    let logits: FeatureVector
    do throws(BackboneError) {
      let maps = try backbone.features(of: prepared.tensor, taps: head.taps)
      ended(.backbone)
      logits = head(maps)
    } catch { throw VisionError(error, file: card.name) }
    ended(.head)
    let shape = logits.tensor.shape
    let upsampler = ArgmaxUpsampler(
      prepared.mapping, upsampling: segmentation.upsampling, height: shape.height, width: shape.width,
      classes: shape.channels)
    let masks = MaskRows(
      backbone.compute.kernels, on: backbone.compute.pool, rows: upsampler.rows, columns: upsampler.columns,
      classes: upsampler.classes)
    let map = LabelMap(width: image.width, height: image.height, ids: logits.tensor.withSpan { masks.labels($0) })
    ended(.postprocess)
    return map
  }
}

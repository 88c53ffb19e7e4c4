import Backbone
import Preprocess

/// Outlines things in pictures with one model; safe to share between threads.
public final class Segmenter: Sendable {
  public let card: ModelCard
  private let masks: MaskNetwork
  /// Where the mask is cut to what the base model finds: both in one pass.
  private let pass: SharedPass?

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
    masks = try MaskNetwork(model, compute: compute)
    card = masks.card
    if masks.segmentation.gate != nil {
      guard let base = model.base else {
        throw .withoutBase(file: model.path, base: model.card.base?.name ?? "a detector")
      }
      pass = SharedPass(try Detector(base, compute: compute), masks, base, model)
    } else {
      pass = nil
    }
  }

  public var backbone: Network { masks.backbone }

  /// A class id for each pixel of the picture, at the picture's own size.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ image: Image) throws(VisionError) -> LabelMap { try segment(image, ended: { _ in }) }

  /// The same, telling `ended` when each part has ended.
  package func segment(_ image: Image, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    try backbone.compute.pool.awake { () throws(VisionError) in try answer(image, ended: ended) }
  }

  private func answer(_ image: Image, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    if let pass {
      let answer = try pass.run(image, ended: ended)
      let map = pass.mask(answer, image)
      ended(.postprocess)
      return map
    }
    let prepared = masks.preprocessor.prepare(image, compute: backbone.compute)
    ended(.preprocess)
    let maps: FeatureMaps
    do throws(BackboneError) { maps = try backbone.features(of: prepared.tensor, taps: masks.taps) } catch {
      throw VisionError(error, file: card.name)
    }
    ended(.backbone)
    let logits = masks.logits(maps)
    ended(.head)
    let map = masks.mask(logits, prepared.mapping, image)
    ended(.postprocess)
    return map
  }
}

import Backbone
import Preprocess

/// Outlines things in pictures with one model; safe to share between threads.
public final class Segmenter: Sendable {
  public let card: ModelCard
  let masks: MaskNetwork
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
  /// - Parameter views: the regions of the picture that the network looks at.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ image: Image, views: Views = .auto) throws(VisionError) -> LabelMap {
    try segment(image, views: views, ended: { _ in })
  }

  /// The same, telling `ended` when each part has ended.
  package func segment(_ image: Image, views: Views, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    try backbone.compute.pool.awake { () throws(VisionError) in try answer(image, views, ended: ended) }
  }

  private func answer(_ image: Image, _ views: Views, ended: (Stage) -> Void) throws(VisionError) -> LabelMap {
    if let pass { return try pass.run(image, views, nil, ended: ended).mask }
    var canvas = MaskCanvas(image)
    try masks.paint(image, views, on: &canvas, ended: ended)
    return canvas.mask
  }
}

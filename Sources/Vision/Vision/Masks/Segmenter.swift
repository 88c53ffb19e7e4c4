import Backbone
import ImageTypes
import Kernels
import ModelFiles
import Processing

/// A semantic segmenter: one model, safe to share between threads.
public final class Segmenter: Sendable {
  /// The model's conventions.
  public let card: ModelCard
  let masks: MaskNetwork
  /// For a box-gated mask, the base detector and this model in one pass.
  private let pass: SharedPass?

  /// Prepares a segmentation model.
  ///
  /// - Parameter threads: the number of threads, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is not a segmenter or its weights do not fit its card.
  public convenience init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(model, session: Session(threads: threads))
  }

  /// Prepares a segmentation model on the caller's session.
  ///
  /// - Throws: `VisionError` when the model is not a segmenter or its weights do not fit its card.
  public init(_ model: ModelFile, session: Session) throws(VisionError) {
    if model.card.segmentation?.gate != nil, model.card.task == .segment {
      guard let base = model.base else {
        throw .withoutBase(file: model.path, base: model.card.base?.name ?? "a detector")
      }
      let pass = try SharedPass(base, model, session: session)
      masks = pass.masks
      self.pass = pass
    } else {
      masks = try MaskNetwork(model, session: session)
      pass = nil
    }
    card = masks.card
  }

  /// The same segmenter on another session.
  ///
  /// Packed weights are shared, working memory is not.
  public func running(on session: Session) -> Segmenter { Segmenter(self, session) }

  private init(_ other: Segmenter, _ session: Session) {
    pass = other.pass?.running(on: session)
    masks = pass?.masks ?? other.masks.running(on: session)
    card = other.card
  }

  /// The names of the classes by their ids in masks.
  public var labels: [Int: String] {
    Dictionary(card.labels.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
  }

  /// The network, from the image to class logits; its taps are the backbone's feature maps.
  public var network: Network { masks.pipeline.network }

  /// A class id for each pixel of the picture, at the picture's own size.
  ///
  /// - Parameter views: the regions of the picture that the network runs on.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ image: Image, views: Views = .auto) throws(VisionError) -> Mask {
    try segment(image, views: views, ended: { _ in })
  }

  /// The mask of an image, with `ended` called after each stage.
  package func segment(_ image: Image, views: Views, ended: (Stage) -> Void) throws(VisionError) -> Mask {
    try network.session.pool.awake { () throws(VisionError) in
      try image.withPixelView { (view) throws(VisionError) in try answer(view, views, ended: ended) }
    }
  }

  /// A class id for each pixel of a camera's image, read in place.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ view: borrowing PixelView, views: Views = .auto) throws(VisionError) -> Mask {
    network.session.pool.begin()
    defer { network.session.pool.end() }
    return try answer(view, views, ended: { _ in })
  }

  private func answer(_ image: borrowing PixelView, _ views: Views, ended: (Stage) -> Void) throws(VisionError)
    -> Mask
  {
    if let pass { return try pass.run(image, views, nil, ended: ended).mask }
    var canvas = MaskCanvas(width: image.width, height: image.height)
    try masks.paint(image, views, on: &canvas, ended: ended)
    return canvas.mask
  }
}

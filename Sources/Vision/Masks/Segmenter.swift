import Backbone
import Kernels
import ModelFiles
import Postprocess
import Tensors

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
    try self.init(model, session: Session(threads: threads))
  }

  /// Prepares a segmentation model on threads and kernels of the caller's choice.
  ///
  /// - Throws: `VisionError` when the model is no segmenter or its weights do not fit its card.
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

  /// The same segmenter on other threads: packed weights are shared, working memory is not.
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

  /// The network, from the image to class logits; its taps hand out the backbone's maps.
  public var network: Network { masks.pipeline.network }

  /// A class id for each pixel of the picture, at the picture's own size.
  ///
  /// - Parameter views: the regions of the picture that the network looks at.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func segment(_ image: Image, views: Views = .auto) throws(VisionError) -> Mask {
    try segment(image, views: views, ended: { _ in })
  }

  /// The same, telling `ended` when each part has ended.
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

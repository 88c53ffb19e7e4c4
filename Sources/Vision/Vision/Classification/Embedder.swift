import Backbone
import ImageTypes
import Kernels
import ModelFiles
import Graphs

/// Image embeddings from the backbone of any model, for finding similar pictures; safe to share between threads.
///
/// An embedding is the mean of one of the backbone's maps over all its pixels. A good first choice is `block16` of a
/// model trained on similar pictures. The similarity of two pictures is the cosine of their embeddings, the dot product
/// where both have unit length.
public final class Embedder: Sendable {
  /// The model's conventions.
  public let card: ModelCard
  /// The tap of the map that is averaged.
  public let tap: Tap
  /// Whether embeddings are scaled to unit length; an embedding of zeros stays zero.
  public let isNormalised: Bool
  /// The length of an embedding: the tap's channels.
  public let channels: Int
  private let pipeline: Pipeline

  /// Prepares a model's backbone.
  ///
  /// - Parameters:
  ///   - tap: the tap of the map that is averaged. `last` exists where the card's backbone has the last convolution, as
  ///     in ImageNet classifiers on MobileNetV2; `block16` exists in every model on MobileNetV2.
  ///   - isNormalised: whether embeddings are scaled to unit length.
  ///   - threads: the number of threads, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the backbone has no such tap (the error names the existing ones), or the weights do
  ///   not fit the card.
  public convenience init(
    _ model: ModelFile, tap: Tap = .last, isNormalised: Bool = false, threads: Int? = nil
  ) throws(VisionError) {
    try self.init(model, tap: tap, isNormalised: isNormalised, session: Session(threads: threads))
  }

  /// Prepares a model's backbone on the caller's session.
  ///
  /// - Throws: `VisionError` when the backbone has no such tap (the error names the existing ones), or the weights do
  ///   not fit the card.
  public init(
    _ model: ModelFile, tap: Tap = .last, isNormalised: Bool = false, session: Session
  ) throws(VisionError) {
    try VisionError.check(model)
    if let base = model.card.base, model.base == nil { throw .withoutBase(file: model.path, base: base.name) }
    card = model.card
    self.tap = tap
    self.isNormalised = isNormalised
    let network: Network
    do throws(BackboneError) {
      network = try Network(card.backbone, weights: model.weights, session: session)
      channels = try network.info(tap).channels
    } catch { throw VisionError(error, file: model.path) }
    pipeline = try Pipeline(model, network, outputs: network.graph.outputs.indices)
  }

  private init(_ other: Embedder, _ session: Session) {
    (card, tap, isNormalised, channels) = (other.card, other.tap, other.isNormalised, other.channels)
    pipeline = other.pipeline.running(on: session)
  }

  /// The backbone alone.
  public var network: Network { pipeline.network }

  /// The same embedder on another session.
  ///
  /// Packed weights are shared, working memory is not.
  public func running(on session: Session) -> Embedder { Embedder(self, session) }

  /// The picture's embedding: the mean of the tap's map over all pixels, `channels` numbers.
  ///
  /// Padding pixels of a letterboxed picture count like all others.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func embedding(of image: Image) throws(VisionError) -> [Float] { try embedding(of: image, ended: { _ in }) }

  /// The embedding of a camera's pixels, read in place.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func embedding(of view: borrowing PixelView) throws(VisionError) -> [Float] {
    network.session.pool.begin()
    defer { network.session.pool.end() }
    return mean(try features(of: view, taps: [tap], ended: { _ in })[tap])
  }

  /// The picture's embedding, with `ended` called after each stage.
  package func embedding(of image: Image, ended: (Stage) -> Void) throws(VisionError) -> [Float] {
    let maps = try features(of: image, taps: [tap], ended: ended)
    let mean = mean(maps[tap])
    ended(.postprocess)
    return mean
  }

  /// Feature maps of the backbone for a picture, preprocessed by its card, `[1, H, W, C]` each.
  ///
  /// - Parameter taps: the taps of the maps, in any order; nothing beyond the deepest one is computed.
  /// - Throws: `VisionError` when a tap does not exist or the card's input is too small for the network.
  public func features(of image: Image, taps: [Tap]) throws(VisionError) -> FeatureMaps {
    try features(of: image, taps: taps, ended: { _ in })
  }

  private func features(of image: Image, taps: [Tap], ended: (Stage) -> Void) throws(VisionError) -> FeatureMaps {
    try network.session.pool.awake { () throws(VisionError) in
      try image.withPixelView { (view) throws(VisionError) in try features(of: view, taps: taps, ended: ended) }
    }
  }

  private func features(
    of view: borrowing PixelView, taps: [Tap], ended: (Stage) -> Void
  ) throws(VisionError) -> FeatureMaps {
    let prepared = pipeline.prepare(view, view.bounds, ended: ended)
    do throws(BackboneError) {
      let maps = try network.features(of: prepared.tensor, taps: taps)
      ended(.backbone)
      return maps
    } catch { throw VisionError(error, file: card.name) }
  }

  /// Summed in double precision and in the map's order, so that the bits depend on the map alone.
  private func mean(_ map: SharedTensor) -> [Float] {
    var sums = [Double](repeating: 0, count: channels)
    map.tensor.withSpan { values in
      for start in stride(from: 0, to: values.count, by: channels) {
        for channel in 0..<channels { sums[channel] += Double(values[start + channel]) }
      }
    }
    var scale = 1 / Double(map.shape.pixels)
    if isNormalised {
      let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if length > 0 { scale = 1 / length }
    }
    return sums.map { Float($0 * scale) }
  }
}

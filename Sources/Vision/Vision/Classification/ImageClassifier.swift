import Backbone
import ImageTypes
import Kernels
import ModelFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An image classifier: one model, safe to share between threads.
///
/// A picture is preprocessed by the model's card. For most ImageNet classifiers that is a centre crop, which leaves out
/// the ends of the longer side.
public final class ImageClassifier: Sendable {
  /// The model's conventions.
  public let card: ModelCard
  private let pipeline: Pipeline
  private let labels: [Int: ClassLabel]

  /// Prepares a classifier.
  ///
  /// - Parameter threads: the number of threads, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is not a classifier or its weights do not fit its card.
  public convenience init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(model, session: Session(threads: threads))
  }

  /// Prepares a classifier on the caller's session.
  ///
  /// - Throws: `VisionError` when the model is not a classifier or its weights do not fit its card.
  public init(_ model: ModelFile, session: Session) throws(VisionError) {
    guard model.card.task == .classify, model.card.classifierOutputs != nil else {
      throw .wrongTask(expected: .classify, found: model.card.task, file: model.path)
    }
    try VisionError.check(model)
    card = model.card
    labels = card.labelsByOutput
    pipeline = try Pipeline(model, session: session)
  }

  private init(_ other: ImageClassifier, _ session: Session) {
    (card, labels) = (other.card, other.labels)
    pipeline = other.pipeline.running(on: session)
  }

  /// The network, from the image to the logits; its taps are the backbone's feature maps.
  public var network: Network { pipeline.network }

  /// The same classifier on another session.
  ///
  /// Packed weights are shared, working memory is not.
  ///
  /// For throughput, use one classifier of one thread for each core.
  public func running(on session: Session) -> ImageClassifier { ImageClassifier(self, session) }

  /// The classes with the highest scores, best first; of equal scores the lower output comes first.
  ///
  /// - Parameter top: the number of classes, at least 1; all where the model has fewer.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func classify(_ image: Image, top: Int = 5) throws(VisionError) -> [Classification] {
    try classify(image, top: top, ended: { _ in })
  }

  /// The classes of a camera's pixels, read in place, best first.
  ///
  /// - Parameter top: the number of classes, at least 1; all where the model has fewer.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func classify(_ view: borrowing PixelView, top: Int = 5) throws(VisionError) -> [Classification] {
    network.session.pool.begin()
    defer { network.session.pool.end() }
    return try best(logits(view, ended: { _ in }), top)
  }

  /// The classes with the highest scores, with `ended` called after each stage.
  package func classify(_ image: Image, top: Int, ended: (Stage) -> Void) throws(VisionError) -> [Classification] {
    let found = try best(logits(image, ended: ended), top)
    ended(.postprocess)
    return found
  }

  /// The logit of each output.
  package func logits(_ image: Image, ended: (Stage) -> Void = { _ in }) throws(VisionError) -> [Float] {
    try network.session.pool.awake { () throws(VisionError) in
      try image.withPixelView { (view) throws(VisionError) in try logits(view, ended: ended) }
    }
  }

  private func logits(_ view: borrowing PixelView, ended: (Stage) -> Void) throws(VisionError) -> [Float] {
    let (map, _) = try pipeline.map(view, view.bounds, ended: ended)
    return map.tensor.values()
  }

  private func best(_ logits: [Float], _ top: Int) -> [Classification] {
    precondition(top >= 1, "the best \(top) classes, expected at least 1")
    let scores = ImageClassifier.scores(logits, card.classifierActivation ?? .softmax)
    let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    return order.prefix(top).map { output in
      let label = labels[output]
      return Classification(
        label: label?.name ?? "class \(output)", id: label?.id ?? output, output: output, score: Float(scores[output]))
    }
  }

  /// The scores in double precision, so that a thousand of them add up to 1.
  private static func scores(_ logits: [Float], _ activation: DetectionCard.ScoreActivation) -> [Double] {
    switch activation {
    case .sigmoid: return logits.map { 1 / (1 + exp(-Double($0))) }
    case .softmax:
      // With the greatest logit subtracted, `exp` can't overflow.
      let greatest = Double(logits.max() ?? 0)
      let powers = logits.map { exp(Double($0) - greatest) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }
}

import ImageCodecs
import Kernels
import ModelFiles
import Backbone
import Processing
import SSDLite
import Synchronization
import Tensors

/// The options of a detector; `nil` stands for the model's own value.
///
/// The programs' defaults are the same.
public struct DetectionOptions: Hashable, Sendable {
  /// The score threshold in [0, 1], exclusive; `nil` stands for the card's recommended score, or else 0.5.
  public var scoreThreshold: Float?
  /// The IoU threshold of non-maximum suppression in [0, 1], exclusive.
  public var iouThreshold: Float?
  /// The boxes that compete in non-maximum suppression.
  public var suppression = NonMaximumSuppression.Mode.perClass
  /// The greatest number of detections, at least 1.
  public var maximumDetections: Int?
  /// The regions of the picture that the network runs on.
  public var views = Views.auto

  /// Creates options, by default the model's own.
  ///
  /// - Parameters: as the properties of these names; `maximumDetections` below 1 counts as 1.
  public init(
    scoreThreshold: Float? = nil, iouThreshold: Float? = nil,
    suppression: NonMaximumSuppression.Mode = .perClass, maximumDetections: Int? = nil, views: Views = .auto
  ) {
    self.scoreThreshold = scoreThreshold
    self.iouThreshold = iouThreshold
    self.suppression = suppression
    self.maximumDetections = maximumDetections
    self.views = views
  }

  /// The greatest number of detections of a detector with that card.
  func limit(of card: DetectionCard) -> Int { max(maximumDetections ?? card.maximumDetections, 1) }
}

/// An object detector: one model with optional specialists, safe to share between threads.
public final class Detector: Sendable {
  /// The conventions of the main model.
  public let card: ModelCard
  let detection: DetectionCard
  let pipeline: Pipeline
  let labels: [Int: ClassLabel]
  private let anchors = Mutex<DefaultBoxes?>(nil)
  private let specialists: [Specialist]

  /// A detector that replaces the main one for some classes.
  private struct Specialist {
    let detector: Detector
    /// The main detector's label for each of its outputs.
    let labels: [Int: ClassLabel]
  }

  /// Prepares a detection model.
  ///
  /// - Parameters:
  ///   - specialists: detectors whose detections replace the model's for common class names; each is a separate pass.
  ///   - threads: the number of threads, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when a model is not a detector, its weights do not fit its card, or a specialist has no
  ///   class of the model.
  public convenience init(_ model: ModelFile, specialists: [ModelFile] = [], threads: Int? = nil) throws(VisionError) {
    try self.init(model, specialists: specialists, session: Session(threads: threads))
  }

  /// Prepares a detection model on the caller's session.
  ///
  /// - Parameter specialists: detectors whose detections replace the model's for common class names; each is a separate
  ///   pass.
  /// - Throws: `VisionError` when a model is not a detector, its weights do not fit its card, or a specialist has no
  ///   class of the model.
  public init(_ model: ModelFile, specialists: [ModelFile] = [], session: Session) throws(VisionError) {
    detection = try Detector.check(model)
    card = model.card
    labels = card.labelsByOutput
    pipeline = try Pipeline(model, session: session)
    let own = Dictionary(card.labels.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var prepared: [Specialist] = []
    for file in specialists {
      let detector = try Detector(file, session: session)
      let labels = detector.labels.compactMapValues { own[$0.name] }
      guard !labels.isEmpty else {
        throw .unsuitable(file: file.path, reason: "it knows no class of \(model.card.name)")
      }
      prepared.append(Specialist(detector: detector, labels: labels))
    }
    self.specialists = prepared
  }

  /// A detector whose network has the model's outputs among others.
  init(_ model: ModelFile, _ pipeline: Pipeline) throws(VisionError) {
    detection = try Detector.check(model)
    card = model.card
    labels = card.labelsByOutput
    self.pipeline = pipeline
    specialists = []
  }

  private static func check(_ model: ModelFile) throws(VisionError) -> DetectionCard {
    guard model.card.task == .detect, let detection = model.card.detection else {
      throw .wrongTask(expected: .detect, found: model.card.task, file: model.path)
    }
    try VisionError.check(model)
    guard detection.boxCoder.count == 4, detection.boxCoder.allSatisfy({ $0.isFinite && $0 != 0 }),
      (1...100_000).contains(detection.outputs)
    else { throw .unsuitable(file: model.path, reason: "its card describes no box predictor") }
    return detection
  }

  /// The network, from the image to box codes and class logits; its taps are the backbone's feature maps.
  public var network: Network { pipeline.network }

  /// The same detector on another session.
  ///
  /// Packed weights are shared, working memory is not.
  ///
  /// For throughput, use one detector of one thread for each core.
  public func running(on session: Session) -> Detector { Detector(self, session) }

  private init(_ other: Detector, _ session: Session) {
    (card, detection, labels) = (other.card, other.detection, other.labels)
    pipeline = other.pipeline.running(on: session)
    specialists = other.specialists.map {
      Specialist(detector: $0.detector.running(on: session), labels: $0.labels)
    }
  }

  /// The default score threshold: the card's recommended score, or else 0.5.
  public var scoreThreshold: Float { detection.recommendedScore ?? 0.5 }

  /// The names of the models, the main one first.
  public var names: [String] { [card.name] + specialists.map(\.detector.card.name) }

  /// The detections of an image, best first.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func detect(_ image: Image, _ options: DetectionOptions = DetectionOptions()) throws(VisionError)
    -> [Detection]
  { try detect(image, options, ended: { _ in }) }

  /// The detections of a camera's pixels, read in place, best first.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func detect(
    _ view: borrowing PixelView, _ options: DetectionOptions = DetectionOptions()
  ) throws(VisionError) -> [Detection] {
    network.session.pool.begin()
    defer { network.session.pool.end() }
    return try answer(view, options, ended: { _ in })
  }

  /// The detections of an image, with `ended` called after each stage.
  package func detect(_ image: Image, _ options: DetectionOptions, ended: (Stage) -> Void) throws(VisionError)
    -> [Detection]
  {
    try network.session.pool.awake { () throws(VisionError) in
      try image.withPixelView { (view) throws(VisionError) in try answer(view, options, ended: ended) }
    }
  }

  private func answer(_ image: borrowing PixelView, _ options: DetectionOptions, ended: (Stage) -> Void)
    throws(VisionError)
    -> [Detection]
  {
    var found = FoundInViews(self, card.input.layout(options.views, width: image.width, height: image.height), options)
    for (index, view) in found.layout.views.enumerated() {
      let (logits, mapping) = try logits(image, view.region, ended: ended)
      found.add(logits, mapping, view: index)
      ended(.postprocess)
    }
    var detections = found.detections()
    ended(.postprocess)
    for specialist in specialists {
      var asked = options
      // A specialist without a recommended score has the model's threshold.
      if options.scoreThreshold == nil, specialist.detector.detection.recommendedScore == nil {
        asked.scoreThreshold = detection.recommendedScore
      }
      let better = try specialist.detector.answer(image, asked, ended: ended)
      detections = join(detections, better, specialist.labels, options)
      ended(.postprocess)
    }
    return detections
  }

  /// Replaces the model's detections of a specialist's classes by the specialist's, under the model's labels.
  private func join(
    _ own: [Detection], _ better: [Detection], _ labels: [Int: ClassLabel], _ options: DetectionOptions
  ) -> [Detection] {
    let replaced = Set(labels.values.map(\.output))
    var all = own.filter { !replaced.contains($0.output) }
    for var detection in better {
      guard let label = labels[detection.output] else { continue }
      (detection.label, detection.id, detection.output) = (label.name, label.id, label.output)
      all.append(detection)
    }
    all.sort { ($1.score, $0.output) < ($0.score, $1.output) }
    if options.suppression == .agnostic {
      let threshold = options.iouThreshold ?? self.detection.iouThreshold
      all = all.reduce(into: []) { kept, one in
        if !kept.contains(where: { $0.box.iou(with: one.box) > threshold }) { kept.append(one) }
      }
    }
    return Array(all.prefix(options.limit(of: detection)))
  }

  /// Runs the network on a region of a picture.
  ///
  /// - Returns: its logits, and the region's place in the input.
  func logits(_ image: borrowing PixelView, _ region: ImageRegion, ended: (Stage) -> Void) throws(VisionError)
    -> (BoxLogits, ImageMapping)
  {
    let prepared = pipeline.prepare(image, region, ended: ended)
    do throws(BackboneError) {
      let border = try pipeline.backboneSteps(prepared.tensor.shape)
      let logits = try BoxLogits(network, prepared.tensor, outputs: detection.outputs) {
        if $0 + 1 == border { ended(.backbone) }
      }
      ended(.head)
      return (logits, prepared.mapping)
    } catch { throw VisionError(error, file: card.name) }
  }

  /// The default boxes, made for the first picture, since the input's size never changes.
  func anchors(for logits: BoxLogits) -> DefaultBoxes {
    anchors.withLock { anchors in
      if let anchors { return anchors }
      let made = DefaultBoxes(
        maps: logits.maps, minimumScale: detection.minimumScale, maximumScale: detection.maximumScale,
        inputHeight: card.input.height, inputWidth: card.input.width)
      anchors = made
      return made
    }
  }
}

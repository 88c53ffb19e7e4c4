@_exported import ImageCodecs
@_exported import Kernels
@_exported import ModelFiles
@_exported import Postprocess
import Backbone
import Preprocess
import SSDLite
import Synchronization
@_exported import Tensors

/// What a caller asks of a detector; `nil` means the model's own value.
public struct DetectionOptions: Hashable, Sendable {
  /// Scores must be greater, in [0, 1]; `nil` means the card's recommended score, without one its own threshold.
  public var scoreThreshold: Float?
  /// Boxes that overlap a better one by more than this go, in [0, 1].
  public var iouThreshold: Float?
  /// Which boxes compete.
  public var suppression = NonMaximumSuppression.Mode.perClass
  /// The most that come out, at least 1.
  public var maximumDetections: Int?
  /// The regions of the picture that the network looks at.
  public var views = Views.auto

  public init() {}
}

/// A detection with its names, in pixels of the picture as displayed.
public struct LabelledDetection: Hashable, Sendable {
  public var label: String
  /// The data set's own class id.
  public var id: Int
  /// The network's output channel.
  public var output: Int
  /// In [0, 1].
  public var score: Float
  public var box: Box

  public init(label: String, id: Int, output: Int, score: Float, box: Box) {
    self.label = label
    self.id = id
    self.output = output
    self.score = score
    self.box = box
  }
}

/// Finds things in pictures with one model; safe to share between threads.
public final class Detector: Sendable {
  public let card: ModelCard
  public let backbone: Network
  let detection: DetectionCard
  private let head: SSDLiteHead
  let preprocessor: Preprocessor
  let labels: [Int: ClassLabel]
  private let anchors = Mutex<DefaultBoxes?>(nil)

  /// Prepares a detection model.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is no detector or its weights do not fit its card.
  public convenience init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(model, compute: Compute(threads: threads))
  }

  /// Prepares a detection model on threads and kernels of the caller's choice.
  ///
  /// - Throws: `VisionError` when the model is no detector or its weights do not fit its card.
  public init(_ model: ModelFile, compute: Compute) throws(VisionError) {
    guard model.card.task == .detect, let detection = model.card.detection else {
      throw .wrongTask(expected: .detect, found: model.card.task, file: model.path)
    }
    try VisionError.check(model)
    guard detection.boxCoder.count == 4, detection.boxCoder.allSatisfy({ $0.isFinite && $0 != 0 }),
      (1...100_000).contains(detection.outputs)
    else { throw .unsuitable(file: model.path, reason: "its card describes no box predictor") }
    card = model.card
    self.detection = detection
    labels = Dictionary(card.labels.map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
    do throws(PreprocessError) { preprocessor = try Preprocessor(card.input) } catch {
      throw .unsuitable(file: model.path, reason: error.description)
    }
    do throws(BackboneError) {
      backbone = try Network(card.backbone, weights: model.weights, compute: compute)
      head = try SSDLiteHead(detection, on: backbone, weights: model.weights)
    } catch { throw VisionError(error, file: model.path) }
  }

  /// Finds things, best first.
  ///
  /// - Throws: `VisionError` when the card's input is too small for the network.
  public func detect(_ image: Image, _ options: DetectionOptions = DetectionOptions()) throws(VisionError)
    -> [LabelledDetection]
  { try detect(image, options, ended: { _ in }) }

  /// The same, telling `ended` when each part has ended.
  package func detect(_ image: Image, _ options: DetectionOptions, ended: (Stage) -> Void) throws(VisionError)
    -> [LabelledDetection]
  { try backbone.compute.pool.awake { () throws(VisionError) in try answer(image, options, ended: ended) } }

  private func answer(_ image: Image, _ options: DetectionOptions, ended: (Stage) -> Void) throws(VisionError)
    -> [LabelledDetection]
  {
    var found = FoundInViews(self, card.input.layout(options.views, of: image), options)
    for (index, view) in found.layout.views.enumerated() {
      let (logits, mapping) = try logits(image, view.region, ended: ended)
      found.add(logits, mapping, view: index)
      ended(.postprocess)
    }
    let detections = found.detections()
    ended(.postprocess)
    return detections
  }

  /// Runs the network on a region of a picture.
  ///
  /// - Returns: its logits, and where the region lies in the input.
  func logits(_ image: Image, _ region: ImageRegion, ended: (Stage) -> Void) throws(VisionError)
    -> (BoxLogits, ImageMapping)
  {
    let prepared = preprocessor.prepare(image, region, compute: backbone.compute)
    ended(.preprocess)
    let maps: FeatureMaps
    do throws(BackboneError) { maps = try backbone.features(of: prepared.tensor, taps: taps) } catch {
      throw VisionError(error, file: card.name)
    }
    ended(.backbone)
    let logits = head(maps)
    ended(.head)
    return (logits, prepared.mapping)
  }

  /// The maps that the head reads.
  var taps: [Tap] { head.taps }

  /// What the head makes of them.
  func logits(_ maps: FeatureMaps) -> BoxLogits { head(maps) }

  /// The default boxes, made for the first picture: the input's size never changes.
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

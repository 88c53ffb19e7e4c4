import Backbone
import ModelFiles

/// A detector and a segmenter that share the common blocks of their backbones in one pass.
///
/// Blocks are shared where the cards have the same preprocessing and the blocks the same layout and weights.
/// `description` states their number. The results are the same bits as those of the two models alone.
public final class DetectorSegmenter: Sendable, CustomStringConvertible {
  /// The detections and the mask of a picture.
  public struct Answer: Hashable, Codable, Sendable {
    /// The detections, best first.
    public let detections: [Detection]
    /// A class id of the segmentation model for each pixel.
    public let mask: Mask
  }

  /// The conventions of the detector and of the segmenter.
  public let detectionCard, segmentationCard: ModelCard
  private let pass: SharedPass

  /// Prepares both models on the same threads.
  ///
  /// - Parameter threads: the number of threads, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when a model is for another task or its weights do not fit its card.
  public convenience init(_ detection: ModelFile, _ segmentation: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(detection, segmentation, session: Session(threads: threads))
  }

  /// Prepares both models on the caller's session.
  ///
  /// - Throws: `VisionError` when a model is for another task or its weights do not fit its card.
  public init(_ detection: ModelFile, _ segmentation: ModelFile, session: Session) throws(VisionError) {
    pass = try SharedPass(detection, segmentation, session: session)
    detectionCard = detection.card
    segmentationCard = segmentation.card
  }

  /// The same models on another session.
  ///
  /// Packed weights are shared, working memory is not.
  public func running(on session: Session) -> DetectorSegmenter { DetectorSegmenter(self, session) }

  private init(_ other: DetectorSegmenter, _ session: Session) {
    pass = other.pass.running(on: session)
    (detectionCard, segmentationCard) = (other.detectionCard, other.segmentationCard)
  }

  /// Blocks of the backbone, from the first on, that run once for both; 0 where nothing is shared.
  public var sharedBlocks: Int { pass.blocks }

  /// The detections and the mask of an image.
  ///
  /// - Throws: `VisionError` when a card's input is too small for its network.
  public func analyse(_ image: Image, _ options: DetectionOptions = DetectionOptions()) throws(VisionError) -> Answer {
    try image.withPixelView { (view) throws(VisionError) in try analyse(view, options) }
  }

  /// The detections and the mask of a camera's pixels, read in place.
  ///
  /// - Throws: `VisionError` when a card's input is too small for its network.
  public func analyse(
    _ view: borrowing PixelView, _ options: DetectionOptions = DetectionOptions()
  ) throws(VisionError) -> Answer {
    let pool = pass.detector.network.session.pool
    pool.begin()
    defer { pool.end() }
    let answer = try pass.run(view, options.views, options, ended: { _ in })
    return Answer(detections: answer.detections, mask: answer.mask)
  }

  /// The detections and the mask, without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func analyse(_ image: Image, _ options: DetectionOptions = DetectionOptions()) async throws -> Answer {
    try await pass.detector.network.session.run { try self.analyse(image, options) }
  }

  /// The part of the backbone that runs once for both.
  public var description: String {
    let all = pass.allBlocks
    let pair = "\(detectionCard.name) and \(segmentationCard.name)"
    guard sharedBlocks > 0 else { return "\(pair) have no block of the backbone in common: each runs its own" }
    return "\(pair) run \(sharedBlocks) of \(all) blocks of the backbone once for both"
  }
}

import Backbone
import ModelFiles
import Preprocess

/// Finds and outlines things in pictures with two models, in one pass of the backbone as far as both have it in common.
///
/// Blocks are shared where the cards prepare pictures the same way and the blocks have the same layout and weights; `description`
/// says how far that goes. Answers are the same bits as those of the two models alone.
public final class DetectorSegmenter: Sendable, CustomStringConvertible {
  /// What was found in a picture.
  public struct Answer: Sendable {
    public let detections: [LabelledDetection]
    /// A class id of the segmentation model for each pixel.
    public let mask: LabelMap
  }

  public let detector: Detector
  public let segmenter: Segmenter
  /// Blocks, from the first on, that run once for both; 0 where nothing is shared.
  public let sharedBlocks: Int

  /// Prepares both models on the same threads.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when a model is for another task or its weights do not fit its card.
  public convenience init(_ detection: ModelFile, _ segmentation: ModelFile, threads: Int? = nil) throws(VisionError) {
    try self.init(detection, segmentation, compute: Compute(threads: threads))
  }

  /// The same on threads and kernels of the caller's choice.
  public init(_ detection: ModelFile, _ segmentation: ModelFile, compute: Compute) throws(VisionError) {
    detector = try Detector(detection, compute: compute)
    segmenter = try Segmenter(segmentation, compute: compute)
    sharedBlocks = DetectorSegmenter.sharedBlocks(detection, segmentation)
  }

  /// Finds and outlines.
  ///
  /// - Throws: `VisionError` when a card's input is too small for its network.
  public func analyse(_ image: Image, _ options: DetectionOptions = DetectionOptions()) throws(VisionError)
    -> Answer
  {
    try detector.backbone.compute.pool.awake { () throws(VisionError) in
      guard sharedBlocks > 0 else {
        return Answer(detections: try detector.detect(image, options), mask: try segmenter.segment(image))
      }
      let prepared = detector.preprocessor.prepare(image, compute: detector.backbone.compute)
      let (height, width) = (prepared.tensor.shape.height, prepared.tensor.shape.width)
      do throws(BackboneError) {
        // What the segmenter reads of the blocks in common comes with the detector's maps.
        let early = segmenter.taps.filter(isShared)
        let late = segmenter.taps.filter { !isShared($0) }
        let bridge = Tap.block(sharedBlocks - 1)
        let maps = try detector.backbone.features(
          of: prepared.tensor, taps: detector.taps + early + (late.isEmpty ? [] : [bridge]))
        var own = early.map { maps[$0] }
        if !late.isEmpty {
          own += try segmenter.backbone.features(
            from: maps[bridge].tensor, height: height, width: width, first: sharedBlocks, taps: late
          ).maps
        }
        return Answer(
          detections: detector.detections(maps, prepared.mapping, options, ended: { _ in }),
          mask: segmenter.mask(FeatureMaps(maps: own), prepared.mapping, image, ended: { _ in }))
      } catch { throw VisionError(error, file: detector.card.name) }
    }
  }

  /// Whether a map lies before the first block that differs.
  private func isShared(_ tap: Tap) -> Bool {
    switch tap {
    case .stem: return true
    case .block(let index), .expansion(let index): return index < sharedBlocks
    case .last: return false
    }
  }

  /// How much of the backbone runs once for both.
  public var description: String {
    let all = segmenter.backbone.layout.blocks.count
    let pair = "\(detector.card.name) and \(segmenter.card.name)"
    guard sharedBlocks > 0 else { return "\(pair) have no block of the backbone in common: each runs its own" }
    return "\(pair) run \(sharedBlocks) of \(all) blocks of the backbone once for both"
  }

  /// Leading blocks that are the same in both models.
  ///
  /// - Complexity: O(weights in common).
  private static func sharedBlocks(_ first: ModelFile, _ second: ModelFile) -> Int {
    guard first.card.input == second.card.input else { return 0 }
    let layouts = (NetworkLayout(first.card.backbone), NetworkLayout(second.card.backbone))
    guard layouts.0.padding == layouts.1.padding, layouts.0.stemChannels == layouts.1.stemChannels else { return 0 }
    func isSame(_ prefix: String) -> Bool {
      layouts.0.parameters.filter { $0.name.hasPrefix("backbone.\(prefix).") }
        .allSatisfy { first.weights.isSame(as: second.weights, tensor: $0.name) }
    }
    guard isSame("stem") else { return 0 }
    var count = 0
    for (a, b) in zip(layouts.0.blocks, layouts.1.blocks) {
      guard a == b, isSame("block\(a.index)") else { break }
      count += 1
    }
    return count
  }
}

import Backbone
import HeadKit
import Preprocess
import SSDLite

/// A detector's and a segmenter's networks on one picture, the blocks that both have in common run once.
struct SharedPass: Sendable {
  let detector: Detector
  let masks: MaskNetwork
  /// Blocks, from the first on, that run once for both; 0 where nothing is shared.
  let blocks: Int

  /// - Parameters:
  ///   - detection: the file that `detector` was made from.
  ///   - segmentation: the file that `masks` was made from.
  init(_ detector: Detector, _ masks: MaskNetwork, _ detection: ModelFile, _ segmentation: ModelFile) {
    self.detector = detector
    self.masks = masks
    blocks = SharedPass.blocksInCommon(detection, segmentation)
  }

  /// What both networks answer for a picture.
  struct Answer {
    let boxes: BoxLogits
    let boxMapping: ImageMapping
    let classes: FeatureVector
    let classMapping: ImageMapping
  }

  /// Runs both.
  ///
  /// - Throws: `VisionError` when a card's input is too small for its network.
  func run(_ image: Image, ended: (Stage) -> Void) throws(VisionError) -> Answer {
    let compute = detector.backbone.compute
    let prepared = detector.preprocessor.prepare(image, compute: compute)
    do throws(BackboneError) {
      guard blocks > 0 else {
        let other = masks.preprocessor.prepare(image, compute: compute)
        ended(.preprocess)
        let maps = try detector.backbone.features(of: prepared.tensor, taps: detector.taps)
        let own = try masks.backbone.features(of: other.tensor, taps: masks.taps)
        ended(.backbone)
        let answer = Answer(
          boxes: detector.logits(maps), boxMapping: prepared.mapping, classes: masks.logits(own),
          classMapping: other.mapping)
        ended(.head)
        return answer
      }
      ended(.preprocess)
      // What the segmenter reads of the blocks in common comes with the detector's maps.
      let early = masks.taps.filter(isShared)
      let late = masks.taps.filter { !isShared($0) }
      let bridge = Tap.block(blocks - 1)
      let maps = try detector.backbone.features(
        of: prepared.tensor, taps: detector.taps + early + (late.isEmpty ? [] : [bridge]))
      var own = early.map { maps[$0] }
      if !late.isEmpty {
        let shape = prepared.tensor.shape
        own += try masks.backbone.features(
          from: maps[bridge].tensor, height: shape.height, width: shape.width, first: blocks, taps: late
        ).maps
      }
      ended(.backbone)
      let answer = Answer(
        boxes: detector.logits(maps), boxMapping: prepared.mapping, classes: masks.logits(FeatureMaps(maps: own)),
        classMapping: prepared.mapping)
      ended(.head)
      return answer
    } catch { throw VisionError(error, file: detector.card.name) }
  }

  /// The mask of an answer, cut to what the detector found where the card says so.
  func mask(_ answer: Answer, _ image: Image) -> LabelMap {
    var mask = masks.mask(answer.classes, answer.classMapping, image)
    if let gate = masks.segmentation.gate {
      var options = DetectionOptions()
      options.scoreThreshold = gate.score
      let found = detector.detections(answer.boxes, answer.boxMapping, options)
      masks.cut(&mask, to: found.map(\.box), gate: gate)
    }
    return mask
  }

  /// Whether a map lies before the first block that differs.
  private func isShared(_ tap: Tap) -> Bool {
    switch tap {
    case .stem: return true
    case .block(let index), .expansion(let index): return index < blocks
    case .last: return false
    }
  }

  /// Leading blocks with the same layout and weights in both models, where pictures are prepared the same way.
  ///
  /// - Complexity: O(weights in common).
  private static func blocksInCommon(_ first: ModelFile, _ second: ModelFile) -> Int {
    guard first.card.input == second.card.input else { return 0 }
    let layouts = (NetworkLayout(first.card.backbone), NetworkLayout(second.card.backbone))
    guard layouts.0.resumes, layouts.1.resumes, layouts.0.family == layouts.1.family else { return 0 }
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

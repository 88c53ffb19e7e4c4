import Backbone
import HeadKit
import ModelFiles
import Postprocess
import Preprocess
import SSDLite
import Tensors

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

  /// What both networks find in a picture.
  struct Answer {
    var detections: [LabelledDetection] = []
    let mask: LabelMap
  }

  /// Runs both on a picture's views.
  ///
  /// A mask that the card gates is cut to what the detector finds in all views together: an object that one view misses
  /// may be found by another.
  ///
  /// - Parameter options: of the detections; `nil` for the mask alone.
  /// - Throws: `VisionError` when a card's input is too small for its network.
  func run(_ image: Image, _ views: Views, _ options: DetectionOptions?, ended: (Stage) -> Void) throws(VisionError)
    -> Answer
  {
    let layout = detector.card.input.layout(views, of: image)
    var found = options.map { FoundInViews(detector, layout, $0) }
    var gated = masks.segmentation.gate.map { gate in
      var options = DetectionOptions()
      options.scoreThreshold = gate.score
      return FoundInViews(detector, layout, options)
    }
    var canvas = MaskCanvas(image)
    for (index, view) in layout.views.enumerated() {
      let boxes: BoxLogits
      let mapping: ImageMapping
      if blocks > 0, let cell = view.cell {
        let both = try logits(image, view.region, ended: ended)
        (boxes, mapping) = (both.boxes, both.mapping)
        canvas.paint(masks.mask(both.classes, mapping, cell, of: view.region), at: cell)
      } else {
        (boxes, mapping) = try detector.logits(image, view.region, ended: ended)
      }
      found?.add(boxes, mapping, view: index)
      gated?.add(boxes, mapping, view: index)
      ended(.postprocess)
    }
    if blocks == 0 { try masks.paint(image, views, on: &canvas, ended: ended) }
    var mask = canvas.mask
    if let gate = masks.segmentation.gate, let gated {
      masks.cut(&mask, to: gated.detections().map(\.box), gate: gate)
    }
    let answer = Answer(detections: found?.detections() ?? [], mask: mask)
    ended(.postprocess)
    return answer
  }

  /// What both networks say of one view.
  private struct Logits {
    let boxes: BoxLogits
    let classes: FeatureVector
    let mapping: ImageMapping
  }

  /// Runs both on a region of a picture, blocks in common once.
  private func logits(_ image: Image, _ region: ImageRegion, ended: (Stage) -> Void) throws(VisionError) -> Logits {
    let prepared = detector.preprocessor.prepare(image, region, compute: detector.backbone.compute)
    ended(.preprocess)
    do throws(BackboneError) {
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
      let answer = Logits(
        boxes: detector.logits(maps), classes: masks.logits(FeatureMaps(maps: own)), mapping: prepared.mapping)
      ended(.head)
      return answer
    } catch { throw VisionError(error, file: detector.card.name) }
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

import ImageTypes
import ModelFiles
import Processing
import SSDLite

extension InputCard {
  /// The views of a picture for a network with this input.
  func layout(_ views: Views, width imageWidth: Int, height imageHeight: Int) -> ViewLayout {
    ViewLayout(views, width: imageWidth, height: imageHeight, inputWidth: width, inputHeight: height)
  }
}

/// The detections of one picture, collected from its views.
///
/// For a picture with one view they are unchanged after the view's own non-maximum suppression.
struct FoundInViews {
  let layout: ViewLayout
  private let detector: Detector
  private let options: DetectionOptions
  private var found: [ViewDetection] = []

  init(_ detector: Detector, _ layout: ViewLayout, _ options: DetectionOptions) {
    self.detector = detector
    self.layout = layout
    self.options = options
  }

  private var mode: NonMaximumSuppression.Mode { options.suppression }
  private var iouThreshold: Float { options.iouThreshold ?? detector.detection.iouThreshold }
  private var limit: Int { options.limit(of: detector.detection) }

  /// Adds the detections decoded from a view's logits.
  ///
  /// - Parameters:
  ///   - mapping: the place of the view's region in the network's input.
  ///   - index: the view's place in the layout.
  mutating func add(_ logits: BoxLogits, _ mapping: ImageMapping, view index: Int) {
    let view = layout.views[index]
    let candidates = logits.candidates(
      detector.detection, anchors: detector.anchors(for: logits),
      threshold: options.scoreThreshold ?? detector.scoreThreshold)
    // Merging drops detections, so each view may pass on more than the final limit.
    let suppression = NonMaximumSuppression(
      mode: mode, iouThreshold: iouThreshold,
      limit: layout.isDivided ? max(limit, detector.detection.maximumDetections) : limit)
    for var detection in suppression.apply(to: candidates) {
      detection.box = mapping.toImage(detection.box).moved(x: Float(view.region.x), y: Float(view.region.y))
      guard detection.box.isProper else { continue }
      found.append(ViewDetection(detection, view: index, isCut: view.cuts(detection.box)))
    }
  }

  /// The detections of all views added, best first.
  func detections() -> [Detection] {
    let merging = ViewMerging(mode: mode, iouThreshold: iouThreshold, limit: limit)
    let all = layout.isDivided ? merging.apply(to: found) : found
    return all.map { one in
      let detection = one.detection
      let label = detector.labels[detection.output]
      return Detection(
        label: label?.name ?? "class \(detection.output)", id: label?.id ?? detection.output,
        output: detection.output, score: detection.score, box: detection.box)
    }
  }
}

import CLISupport
import Charts
import Datasets
import Evaluation
import ImageTypes
import Overlay

/// The images with the worst detections, drawn with their ground truth and predictions.
struct DetectionGallery {
  /// The colours of ground truth, missed boxes, detections and wrong detections, as indices into the palette of boxes.
  private enum Mark: Int {
    case truth = 2
    case missed = 4
    case right = 1
    case wrong = 6
  }

  private let report: DetectionReport
  private let data: DetectionData
  private let limits: LimitOptions

  init(_ report: DetectionReport, _ data: DetectionData, _ limits: LimitOptions) {
    self.report = report
    self.data = data
    self.limits = limits
  }

  /// Draws the worst images, the worst first.
  func draw(_ count: Int, in folder: OutputFolder) throws(Failure) {
    for (rank, one) in worst(count).enumerated() {
      guard let sample = data.pictures[one.index].sample else { continue }
      var image: Image
      do { image = try sample.readImage(limits: limits.limits) } catch { throw Failure(.inputs, told(error)) }
      let verdict = one.verdict
      mark(report.samples[one.index], verdict, on: &image)
      let wrong = verdict.found.count { $0 == .wrong }
      let caption = "\(sample.name)   AP50 \(fixed(one.score, 2))   \(verdict.missed.count) missed, \(wrong) wrong"
      let legend: [(String, Mark)] = [
        ("true box", .truth), ("missed", .missed), ("found", .right), ("wrong", .wrong),
      ]
      let sheet = Sheet(
        [Sheet.Panel(image: image, caption: caption)], legend: legend.map { ($0.0, Palette.box($0.1.rawValue)) })
      try folder.write(worst: sheet.image, rank + 1, sample.name)
    }
  }

  /// The images in the order of their own AP50, then of their mistakes.
  ///
  /// Images with neither ground truth nor mistakes are left out.
  private func worst(_ count: Int) -> [(index: Int, score: Double, verdict: BoxVerdict)] {
    let all = report.samples.indices.compactMap { index -> (index: Int, score: Double, verdict: BoxVerdict)? in
      let sample = report.samples[index]
      let verdict = BoxVerdict(sample)
      let mistakes = verdict.missed.count + verdict.found.count { $0 == .wrong }
      let ap = COCOEvaluation.figures([sample], classes: report.classes.count).ap50
      return mistakes == 0 ? nil : (index, ap ?? 0, verdict)
    }
    func mistakes(_ verdict: BoxVerdict) -> Int { verdict.missed.count + verdict.found.count { $0 == .wrong } }
    let sorted = all.sorted { a, b in
      if a.score != b.score { return a.score < b.score }
      let (m, n) = (mistakes(a.verdict), mistakes(b.verdict))
      return m != n ? m > n : a.index < b.index
    }
    return Array(sorted.prefix(count))
  }

  private func mark(_ sample: BoxSample, _ verdict: BoxVerdict, on image: inout Image) {
    var marks: [Annotation] = []
    func add(_ extent: Extent, _ text: String, _ mark: Mark) {
      marks.append(Annotation(box: extent.box, text: text, colourIndex: mark.rawValue))
    }
    for (box, found) in zip(sample.found, verdict.found) {
      let text = "\(report.classes[box.classIndex]) \(fixed(box.score, 2))"
      switch found {
      case .right, .ignored: add(box.extent, text, .right)
      case .wrong: add(box.extent, "wrong: \(text)", .wrong)
      case .unsure: break
      }
    }
    for (index, box) in sample.truth.enumerated() {
      let name = report.classes[box.classIndex]
      if verdict.missed.contains(index) { add(box.extent, "missed: \(name)", .missed) }
    }
    // A detected box is labelled by its detection.
    for (index, box) in sample.truth.enumerated() where !verdict.missed.contains(index) {
      add(box.extent, box.isIgnored ? "does not count" : "", .truth)
    }
    Overlay.drawBoxes(marks, on: &image)
  }
}

/// File names.
enum FileNames {
  /// An image's name as a name without folders.
  static func flat(_ name: String) -> String { String(name.map { $0 == "/" ? "_" : $0 }) }
}

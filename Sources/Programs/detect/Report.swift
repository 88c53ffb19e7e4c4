import ArgumentParser
import CLISupport
import Files
import ImageTypes
import Vision

/// The format of the results.
enum Format: String, ExpressibleByArgument, CaseIterable {
  case text, json, ndjson, csv, coco
}

/// The detections in one picture.
struct PictureResult {
  let image: String
  let width, height: Int
  let model: String
  let detections: [Detection]
  /// The file of the picture with the boxes drawn in.
  let overlay: String?

  var json: JSON {
    .object([
      ("image", .string(image)), ("width", .integer(width)), ("height", .integer(height)), ("model", .string(model)),
      ("detections", .array(detections.map(PictureResult.json))),
    ])
  }

  private static func json(_ detection: Detection) -> JSON {
    let box = detection.box
    return .object([
      ("label", .string(detection.label)), ("id", .integer(detection.id)), ("score", .number(detection.score)),
      ("box", .array([box.x1, box.y1, box.x2, box.y2].map(JSON.number))),
    ])
  }
}

/// The formatting of detections for standard output.
///
/// Arrays are written after the last picture, so that the output is always valid JSON. Lines are written at once.
struct Report {
  let format: Format
  let quiet: Bool
  /// The score threshold of reported detections.
  var threshold: Float = 0.5
  private var values: [JSON] = []
  private var isFirst = true

  /// - Throws: `Failure` if the format would give two pictures the same key.
  init(format: Format, inputs: PictureInputs, quiet: Bool) throws(Failure) {
    self.format = format
    self.quiet = quiet
    guard format == .coco else { return }
    var seen: [String: String] = [:]
    for image in (0..<inputs.count).lazy.map(inputs.name) {
      let id = Report.imageID(image).text
      if let other = seen.updateValue(image, forKey: id) {
        throw Failure(.usage, "--format coco: \(other) and \(image) have the same image_id \(id); rename one of them")
      }
    }
  }

  /// The text before the first result.
  var opening: String {
    !quiet && format == .csv ? csvRecord(["image", "label", "id", "score", "x1", "y1", "x2", "y2"]) : ""
  }

  /// The text of a result.
  mutating func add(_ result: PictureResult) -> String {
    if quiet { return "" }
    switch format {
    case .text:
      defer { isFirst = false }
      return (isFirst ? "" : "\n") + text(result)
    case .json: values.append(result.json)
    case .coco: values += Report.coco(result)
    case .ndjson: return result.json.text + "\n"
    case .csv: return result.detections.map { Report.csv($0, of: result.image) }.joined()
    }
    return ""
  }

  /// The text of a failed picture.
  mutating func add(_ failure: Failure, of image: String) -> String {
    guard !quiet, format == .ndjson else { return "" }
    return JSON.object([("image", .string(image)), ("error", .string(failure.message))]).text + "\n"
  }

  /// The text after the last result.
  var closing: String { !quiet && (format == .json || format == .coco) ? JSON.lines(values) : "" }

  private func text(_ result: PictureResult) -> String {
    let count = result.detections.count
    var text = "\(result.image.onOneLine)  \(result.width)x\(result.height)  \(result.model)  \(count) found\n"
    if result.detections.isEmpty {
      text += "  nothing with a score above \(threshold)\n"
    } else {
      var table = TextTable([.right, .left, .right, .right, .right, .right, .right])
      table.add(["#", "label", "score", "x1", "y1", "x2", "y2"])
      for (index, detection) in result.detections.enumerated() {
        let box = detection.box
        table.add(
          ["\(index + 1)", detection.label.onOneLine, fixed(Double(detection.score), 3)]
            + [box.x1, box.y1, box.x2, box.y2].map { fixed(Double($0), 1) })
      }
      text += table.lines()
    }
    if let overlay = result.overlay { text += "  overlay: \(overlay.onOneLine)\n" }
    return text
  }

  private static func csv(_ detection: Detection, of image: String) -> String {
    let box = detection.box
    return csvRecord(
      [image, detection.label, "\(detection.id)", "\(detection.score)"]
        + [box.x1, box.y1, box.x2, box.y2].map { "\($0)" })
  }

  private static func coco(_ result: PictureResult) -> [JSON] {
    let id = imageID(result.image)
    return result.detections.map { detection in
      let box = detection.box
      return .object([
        ("image_id", id), ("category_id", .integer(detection.id)),
        ("bbox", .array([box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map(JSON.number))),
        ("score", .number(detection.score)),
      ])
    }
  }

  /// The picture's id in COCO's format: its file's name without the extension, as a number if it consists of digits
  /// only, like COCO's own files.
  private static func imageID(_ path: String) -> JSON {
    let stem = PictureOutputs.stem(of: path)
    guard !stem.isEmpty, stem.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(stem) else {
      return .string(stem)
    }
    return .integer(number)
  }
}

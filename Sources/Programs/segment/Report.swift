import ArgumentParser
import CLISupport
import Files
import ImageTypes
import ModelFiles
import Overlay

/// The format of the results.
enum Format: String, ExpressibleByArgument, CaseIterable {
  case text, json, ndjson
}

/// The mask of one picture.
struct PictureResult {
  /// A class that occurs, with its colour in the mask.
  struct ClassShare {
    let id: Int
    let label: String
    let pixels: Int
    let colour: Colour
  }

  let image: String
  let width, height: Int
  let model: String
  let mask: String
  let overlay: String?
  /// Ordered by id.
  let classes: [ClassShare]

  init(image: String, map: Mask, card: ModelCard, mask: String, overlay: String?) {
    self.image = image
    width = map.width
    height = map.height
    model = card.name
    self.mask = mask
    self.overlay = overlay
    let names = Dictionary(card.labels.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    classes = map.pixelCounts().sorted { $0.key < $1.key }.map { id, pixels in
      ClassShare(id: id, label: names[id] ?? "class \(id)", pixels: pixels, colour: Palette.voc[id])
    }
  }

  /// The fraction of the picture that a class covers, in [0, 1].
  func share(_ one: ClassShare) -> Double { Double(one.pixels) / (Double(width) * Double(height)) }
}

/// The formatting of segmentations for standard output.
struct Report {
  let format: Format
  let quiet: Bool
  private var values: [JSON] = []
  private var isFirst = true

  init(format: Format, quiet: Bool) {
    self.format = format
    self.quiet = quiet
  }

  /// The text of a result.
  mutating func add(_ result: PictureResult) -> String {
    if quiet { return "" }
    switch format {
    case .json:
      values.append(Report.json(result))
      return ""
    case .ndjson: return Report.json(result).text + "\n"
    case .text:
      defer { isFirst = false }
      return (isFirst ? "" : "\n") + Report.text(result)
    }
  }

  /// The text of a failed picture.
  func add(_ failure: Failure, of image: String) -> String {
    guard !quiet, format == .ndjson else { return "" }
    return JSON.object([("image", .string(image)), ("error", .string(failure.message))]).text + "\n"
  }

  /// The text after the last result.
  var closing: String { !quiet && format == .json ? JSON.lines(values) : "" }

  private static func text(_ result: PictureResult) -> String {
    let count = result.classes.count
    var text =
      "\(result.image.onOneLine)  \(result.width)x\(result.height)  \(result.model)  "
      + "\(count) \(count == 1 ? "class" : "classes")\n"
    var table = TextTable([.right, .left, .left, .right, .right])
    table.add(["id", "class", "colour", "share", "pixels"])
    for one in result.classes {
      table.add(
        ["\(one.id)", one.label.onOneLine, hex(one.colour), fixed(100 * result.share(one), 2) + "%", "\(one.pixels)"])
    }
    text += table.lines()
    text += "  mask: \(result.mask.onOneLine)\n"
    if let overlay = result.overlay { text += "  overlay: \(overlay.onOneLine)\n" }
    return text
  }

  private static func json(_ result: PictureResult) -> JSON {
    var members: [(key: String, value: JSON)] = [
      ("image", .string(result.image)), ("width", .integer(result.width)), ("height", .integer(result.height)),
      ("model", .string(result.model)), ("mask", .string(result.mask)),
    ]
    if let overlay = result.overlay { members.append(("overlay", .string(overlay))) }
    let classes = result.classes.map { one in
      JSON.object([
        ("label", .string(one.label)), ("id", .integer(one.id)), ("pixels", .integer(one.pixels)),
        ("share", .number(Float(result.share(one)))), ("colour", .string(hex(one.colour))),
      ])
    }
    return .object(members + [("classes", .array(classes))])
  }

  /// A colour in hexadecimal notation: "#c08080".
  private static func hex(_ colour: Colour) -> String {
    "#" + [colour.red, colour.green, colour.blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

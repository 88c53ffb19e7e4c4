import ArgumentParser
import CLISupport
import Files
import ImageTypes
import Vision

/// The formatting of classifications for standard output.
///
/// Arrays are written after the last picture, so that the output is always valid JSON. Lines are written at once.
struct ClassifyReport {
  /// The format of the results.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, ndjson, csv
  }

  /// The classification of one picture.
  struct Result {
    let image: String
    let width, height: Int
    let model: String
    let classifications: [Classification]

    var json: JSON {
      .object([
        ("image", .string(image)), ("width", .integer(width)), ("height", .integer(height)), ("model", .string(model)),
        (
          "classifications",
          .array(
            classifications.map {
              .object([
                ("label", .string($0.label)), ("id", .integer($0.id)), ("output", .integer($0.output)),
                ("score", .number($0.score)),
              ])
            })
        ),
      ])
    }
  }

  let format: Format
  private var values: [JSON] = []
  private var isFirst = true

  init(format: Format) { self.format = format }

  /// The text before the first result.
  var opening: String { format == .csv ? csvRecord(["image", "label", "id", "output", "score"]) : "" }

  /// The text of a result.
  mutating func add(_ result: Result) -> String {
    switch format {
    case .text:
      defer { isFirst = false }
      return (isFirst ? "" : "\n") + text(result)
    case .json: values.append(result.json)
    case .ndjson: return result.json.text + "\n"
    case .csv:
      return result.classifications.map {
        csvRecord([result.image, $0.label, "\($0.id)", "\($0.output)", "\($0.score)"])
      }.joined()
    }
    return ""
  }

  /// The text of a failed picture.
  func add(_ failure: Failure, of image: String) -> String {
    guard format == .ndjson else { return "" }
    return JSON.object([("image", .string(image)), ("error", .string(failure.message))]).text + "\n"
  }

  /// The text after the last result.
  var closing: String { format == .json ? JSON.lines(values) : "" }

  private func text(_ result: Result) -> String {
    var table = TextTable([.right, .left, .right])
    table.add(["#", "label", "score"])
    for (index, one) in result.classifications.enumerated() {
      table.add(["\(index + 1)", one.label.onOneLine, fixed(Double(one.score), 4)])
    }
    return "\(result.image.onOneLine)  \(result.width)x\(result.height)  \(result.model)\n" + table.lines()
  }
}

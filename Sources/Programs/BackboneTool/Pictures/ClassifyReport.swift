import ArgumentParser
import CLISupport
import Files
import ImageTypes
import Vision

/// The formatting of classifications; its results go to standard output unchanged.
///
/// Arrays are kept until all pictures are done, so that what is written is always whole; lines are handed on at once.
struct ClassifyReport {
  /// How results are written.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, ndjson, csv
  }

  /// What one picture shows.
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

  /// What comes before the first result.
  var opening: String { format == .csv ? csvRecord(["image", "label", "id", "output", "score"]) : "" }

  /// A result.
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

  /// A picture that failed.
  func add(_ failure: Failure, of image: String) -> String {
    guard format == .ndjson else { return "" }
    return JSON.object([("image", .string(image)), ("error", .string(failure.message))]).text + "\n"
  }

  /// What comes after the last result.
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

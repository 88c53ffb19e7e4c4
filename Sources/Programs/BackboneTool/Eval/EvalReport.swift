import CLISupport
import Files
import ImageTypes

/// What the reports of all tasks begin with: the data, the model, the pictures, and the figures of the whole.
protocol EvalReport {
  /// The data sets.
  var data: [String] { get }
  /// The model, or the file or folder of predictions.
  var source: String { get }
  /// Of the data and the model that do not fit each other.
  var remarks: [String] { get }
  /// Pictures that were measured.
  var pictures: Int { get }
  /// Pictures that could not be measured.
  var skipped: Int { get }
  var figures: [(name: String, value: Double?)] { get }
  /// Digits behind the point in tables.
  static var digits: Int { get }
}

extension EvalReport {
  /// A figure in a table.
  func number(_ value: Double?) -> String { value.map { fixed($0, Self.digits) } ?? "-" }

  /// A figure in a record, to the last digit.
  func full(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

  func json(_ value: Double?) -> JSON { value.map(JSON.double) ?? .null }

  /// The first lines of a text.
  ///
  /// - Parameter counted: what was counted beside the pictures, with a comma in front.
  func heading(_ counted: String = "") -> String {
    data.map(\.onOneLine).joined(separator: ", ") + "  \(source.onOneLine)  \(pictures) pictures\(counted)"
      + (skipped > 0 ? ", \(skipped) left out" : "") + "\n" + remarks.map { "  \($0)\n" }.joined()
  }

  /// The names of the records and the figures of the whole as such.
  var csvFigures: String {
    figures.reduce(csvRecord(["class", "figure", "value"])) { $0 + csvRecord(["", $1.name, full($1.value)]) }
  }

  /// One object with a line feed behind it.
  func json(classes: [JSON]) -> String {
    JSON.object([
      ("data", .array(data.map(JSON.string))), ("predictions", .string(source)), ("pictures", .integer(pictures)),
      ("skipped", .integer(skipped)), ("figures", .object(figures.map { ($0.name, json($0.value)) })),
      ("classes", .array(classes)), ("remarks", .array(remarks.map(JSON.string))),
    ]).text + "\n"
  }
}

extension OutputFolder {
  /// Writes the picture of one of the worst cases, numbered from 1.
  func write(worst image: Image, _ rank: Int, _ name: String) throws(Failure) {
    try write(image, "worst-\(rank < 10 ? "0" : "")\(rank)-\(FileNames.flat(name))")
  }
}

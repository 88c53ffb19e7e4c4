import CLISupport
import Files
import ImageTypes

/// The common part of all tasks' reports: the data, the model, the number of images, and the figures over all classes.
protocol EvalReport {
  /// The data sets.
  var data: [String] { get }
  /// The model, or the file or folder of predictions.
  var source: String { get }
  /// Sentences on the classes that data and model do not have in common.
  var remarks: [String] { get }
  /// The number of measured images.
  var pictures: Int { get }
  /// The number of images that could not be measured.
  var skipped: Int { get }
  var figures: [(name: String, value: Double?)] { get }
  /// The number of decimals in tables.
  static var digits: Int { get }
}

extension EvalReport {
  /// A figure in a table.
  func number(_ value: Double?) -> String { value.map { fixed($0, Self.digits) } ?? "-" }

  /// A figure in a record, at full precision.
  func full(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

  func json(_ value: Double?) -> JSON { value.map(JSON.double) ?? .null }

  /// The first lines of a text report.
  ///
  /// - Parameter counted: further counts after the number of images, with a comma in front.
  func heading(_ counted: String = "") -> String {
    data.map(\.onOneLine).joined(separator: ", ") + "  \(source.onOneLine)  \(pictures) pictures\(counted)"
      + (skipped > 0 ? ", \(skipped) left out" : "") + "\n" + remarks.map { "  \($0)\n" }.joined()
  }

  /// The header of the records, and the figures over all classes.
  var csvFigures: String {
    figures.reduce(csvRecord(["class", "figure", "value"])) { $0 + csvRecord(["", $1.name, full($1.value)]) }
  }

  /// The report as a JSON object, with a line feed at the end.
  func json(classes: [JSON]) -> String {
    JSON.object([
      ("data", .array(data.map(JSON.string))), ("predictions", .string(source)), ("pictures", .integer(pictures)),
      ("skipped", .integer(skipped)), ("figures", .object(figures.map { ($0.name, json($0.value)) })),
      ("classes", .array(classes)), ("remarks", .array(remarks.map(JSON.string))),
    ]).text + "\n"
  }
}

extension OutputFolder {
  /// Writes the image of one of the worst cases, numbered from 1.
  func write(worst image: Image, _ rank: Int, _ name: String) throws(Failure) {
    try write(image, "worst-\(rank < 10 ? "0" : "")\(rank)-\(FileNames.flat(name))")
  }
}

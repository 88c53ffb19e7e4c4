/// One record of comma-separated values: a field with a comma, a quotation mark or a line end is quoted.
///
/// Source: RFC 4180, section 2, except that a record ends with a line feed alone.
public func csvRecord(_ fields: [String]) -> String {
  fields.map { field in
    let special: Set<Unicode.Scalar> = [",", "\"", "\n", "\r"]
    // Scalars, not characters: "\r\n" is a single character and equal to neither "\r" nor "\n".
    guard field.unicodeScalars.contains(where: special.contains) else { return field }
    var quoted = "\""
    for scalar in field.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }.joined(separator: ",") + "\n"
}

/// A number with a fixed number of decimals, rounded to nearest.
public func fixed(_ value: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value * scale).rounded()
  guard scaled.isFinite, scaled.magnitude < 1e15 else { return "\(value)" }
  let digits = String(Int(scaled.magnitude))
  let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
  let sign = scaled < 0 ? "-" : ""
  return sign + padded.dropLast(decimals) + (decimals > 0 ? "." + padded.suffix(decimals) : "")
}

/// A text table with columns two spaces apart.
public struct TextTable {
  /// The alignment of a column.
  public enum Alignment: Sendable { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  public init(_ alignments: [Alignment]) { self.alignments = alignments }

  /// Adds a row with a text for each column.
  public mutating func add(_ row: [String]) {
    precondition(row.count == alignments.count, "\(row.count) texts for \(alignments.count) columns")
    rows.append(row)
  }

  /// The lines, each indented, without spaces at their ends.
  public func lines(indent: String = "  ") -> String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = indent
      for (column, text) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - text.count)
        line += (column > 0 ? "  " : "") + (alignments[column] == .left ? text + space : space + text)
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}

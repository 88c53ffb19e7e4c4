/// A JSON value for output; keys keep their order.
public enum JSON: Sendable {
  case array([JSON])
  case boolean(Bool)
  /// A number of double precision, written like `number`.
  case double(Double)
  case integer(Int)
  case null
  /// Written with the fewest digits that give the same value back.
  ///
  /// A value that is not finite becomes `null`, since JSON has no number for it.
  case number(Float)
  case object([(key: String, value: JSON)])
  case string(String)

  /// The text on one line.
  ///
  /// - Complexity: O(length).
  public var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += "\(value)"
    case .double(let value): text += value.isFinite ? "\(value)" : "null"
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): JSON.quote(value, into: &text)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += ", " }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += ", " }
        JSON.quote(member.key, into: &text)
        text += ": "
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  /// Escapes the characters that JSON requires, and the ones that some readers of lines take for a line end.
  private static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// An array with each value on its own line.
  public static func lines(_ values: [JSON]) -> String {
    values.isEmpty ? "[]\n" : "[\n" + values.map { "  " + $0.text }.joined(separator: ",\n") + "\n]\n"
  }
}

/// A line of comma-separated values.
enum CSVLine {
  /// A line's fields without surrounding space and quotation marks; `nil` where a mark is missing.
  static func fields(_ line: String) -> [String]? {
    var fields = [""]
    var isQuoted = false
    var characters = line.unicodeScalars[...]
    while let character = characters.popFirst() {
      switch character {
      case "\"" where isQuoted && characters.first == "\"":
        fields[fields.count - 1].unicodeScalars.append(character)
        characters.removeFirst()
      case " " where !isQuoted && fields[fields.count - 1].isEmpty: break
      case "\"" where isQuoted || fields[fields.count - 1].isEmpty: isQuoted.toggle()
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].unicodeScalars.append(character)
      }
    }
    return isQuoted ? nil : fields.map { String($0.reversed().drop { $0 == " " }.reversed()) }
  }
}

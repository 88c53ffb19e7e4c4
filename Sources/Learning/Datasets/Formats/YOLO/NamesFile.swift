import Files

/// The names of classes, by number: from `classes.txt`, one in each line, or from a YAML file.
///
/// Only the YAML of such files is supported: a top-level key `names` or `classes` with a list (`[a, b]`, or lines `-
/// a`) or a map of numbers (`{0: a}`, or lines `0: a`); comments, and names in quotation marks. Other top-level keys
/// are skipped with all of their contents.
struct NamesFile {
  let path: String
  /// The key of the names: `names` for boxes, or `classes` for masks.
  let key: String
  let names: [Int: String]

  /// - Returns: `nil` for a YAML file of other contents.
  /// - Throws: `DatasetError` with the unsupported line.
  init?(path: String, _ limits: Limits) throws(DatasetError) {
    self.path = path
    let file = try TextFile(path: path, limits)
    if FileName(path).kind == "txt" {
      var names: [Int: String] = [:]
      let lines = try file.lines().map(\.text)
      for (number, name) in lines.enumerated() where number < lines.count - 1 || !name.isEmpty { names[number] = name }
      (self.names, key) = (names, "names")
    } else {
      var reader = YAMLNames(path: path)
      for line in try file.lines(keepingIndent: true) {
        try reader.take(YAMLNames.withoutComment(line.text), at: line)
      }
      guard let (key, names) = try reader.finish() else { return nil }
      (self.key, self.names) = (key, names)
    }
    for (number, name) in names.sorted(by: { $0.key < $1.key }) {
      guard (0...65_535).contains(number) else {
        throw .limit(file: path, place: .element(name), what: "class numbers", allowed: 65_535, found: number)
      }
      guard !name.isEmpty else {
        throw .invalid(file: path, place: .element("\(number)"), expected: "a name", found: "none")
      }
    }
  }
}

/// A parser of a YAML file's lines.
private struct YAMLNames {
  let path: String
  private var names: [Int: String] = [:]
  private var isInside = false
  private var key: String?
  private var place = DatasetError.Place.whole
  /// A list or map in brackets over several lines.
  private var bracketed: String?

  init(path: String) { self.path = path }

  static func withoutComment(_ line: String) -> String {
    var quote: Character?
    var end = line.endIndex
    var previous: Character = " "
    for i in line.indices {
      let c = line[i]
      if let open = quote {
        if c == open { quote = nil }
      } else if c == "\"" || c == "'", !(previous.isLetter || previous.isNumber) {
        quote = c
      } else if c == "#", previous.isWhitespace {
        end = i
        break
      }
      previous = c
    }
    var text = line[..<end]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  private func wrong(_ found: String, _ expected: String) -> DatasetError {
    .invalid(file: path, place: place, expected: expected, found: found)
  }

  mutating func take(_ text: String, at line: TextFile.Line) throws(DatasetError) {
    place = line.place
    guard !text.isEmpty, text != "---", text != "..." else { return }
    if bracketed != nil {
      bracketed! += " " + text
      return try closeBracket()
    }
    let isTop = text.first?.isWhitespace == false
    if isTop, text.first != "-" {
      isInside = false
      guard let colon = text.firstIndex(of: ":"), let key = try? plain(text[..<colon]),
        key == "names" || key == "classes"
      else { return }
      isInside = true
      guard self.key == nil else { throw wrong(text, "names or classes once") }
      self.key = key
      let rest = trimmed(text[text.index(after: colon)...])
      guard !rest.isEmpty else { return }
      guard rest.first == "[" || rest.first == "{" else { throw wrong(String(rest), "a list or a map of names") }
      bracketed = String(rest)
      return try closeBracket()
    }
    guard isInside else { return }
    let entry = trimmed(text[...])
    if entry.first == "-" {
      guard entry.dropFirst().first?.isWhitespace == true else { throw wrong(text, "- and a name") }
      names[names.count] = try plain(entry.dropFirst())
    } else {
      try pair(entry)
    }
  }

  private mutating func closeBracket() throws(DatasetError) {
    let text = bracketed!
    guard let last = text.last, last == "]" || last == "}" else { return }
    bracketed = nil
    let inner = trimmed(text.dropFirst().dropLast())
    guard !inner.isEmpty else { return }
    for part in parts(inner) {
      let part = trimmed(part)
      guard !part.isEmpty else { continue }
      if last == "]" { names[names.count] = try plain(part) } else { try pair(part) }
    }
  }

  /// The parts between commas outside quotation marks.
  private func parts(_ text: Substring) -> [Substring] {
    var quote: Character?
    return text.split(
      omittingEmptySubsequences: false,
      whereSeparator: { c in
        if let open = quote {
          if c == open { quote = nil }
          return false
        }
        if c == "\"" || c == "'" { quote = c }
        return c == ","
      })
  }

  private mutating func pair(_ entry: Substring) throws(DatasetError) {
    guard let colon = entry.firstIndex(of: ":"), let number = Int(try plain(entry[..<colon])), number >= 0 else {
      throw wrong(String(entry), "a class number, a colon and a name")
    }
    guard names[number] == nil else { throw wrong("the number \(number) again", "each class number once") }
    names[number] = try plain(entry[entry.index(after: colon)...])
  }

  private func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// A name with or without quotation marks.
  private func plain(_ text: Substring) throws(DatasetError) -> String {
    let text = trimmed(text)
    if let quote = text.first, quote == "\"" || quote == "'" {
      guard text.count >= 2, text.last == quote, !text.contains("\\") else {
        throw wrong(String(text), "a name in quotation marks without escapes")
      }
      return String(text.dropFirst().dropLast())
    }
    if let first = text.first, "&*!|>{}[]@`%?".contains(first) { throw wrong(String(text), "a plain name") }
    return String(text)
  }

  func finish() throws(DatasetError) -> (key: String, names: [Int: String])? {
    guard bracketed == nil else { throw wrong("the end of the file", "the closing bracket") }
    guard let key else { return nil }
    guard !names.isEmpty else {
      throw .invalid(file: path, place: .whole, expected: "the classes' names under the key \(key)", found: "none")
    }
    return (key, names)
  }
}

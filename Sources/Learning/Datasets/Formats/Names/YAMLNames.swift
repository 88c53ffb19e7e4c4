/// A parser of a YAML file's lines.
struct YAMLNames {
  let path: String
  private var names: [Int: String] = [:]
  private var isInside = false
  private var key: String?
  private var place = DatasetError.Place.whole
  /// The key of the list of paths that the next lines may belong to.
  private var part: String?
  private(set) var parts: [String: [String]] = [:]
  private(set) var hasKeyPoints = false
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
      part = nil
      takePart(text)
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
    let entry = trimmed(text[...])
    if let part, entry.first == "-", let path = try? plain(entry.dropFirst()) { parts[part, default: []].append(path) }
    guard isInside else { return }
    if entry.first == "-" {
      guard entry.dropFirst().first?.isWhitespace == true else { throw wrong(text, "- and a name") }
      names[names.count] = try plain(entry.dropFirst())
    } else {
      try pair(entry)
    }
  }

  /// The folders or lists of a part of the data set.
  private mutating func takePart(_ text: String) {
    guard let colon = text.firstIndex(of: ":"), let key = try? plain(text[..<colon]) else { return }
    if key == "kpt_shape" { hasKeyPoints = true }
    guard ["path", "train", "val", "valid", "validation", "test"].contains(key) else { return }
    let rest = trimmed(text[text.index(after: colon)...])
    if rest.isEmpty {
      part = key
    } else if rest.first == "[", rest.last == "]" {
      parts[key] = self.parts(rest.dropFirst().dropLast()).compactMap { try? plain($0) }.filter { !$0.isEmpty }
    } else if let path = try? plain(rest) {
      parts[key] = [path]
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

import Files

/// A streaming JSON parser on a mapped file, so that a file of hundreds of megabytes needs no tree in memory.
///
/// The whole text is checked by RFC 8259, skipped values too; nesting is limited.
struct JSONCursor {
  let file: MappedFile
  let limits: Limits
  /// The byte offset in the file.
  private(set) var position: Int
  private let bytes: FileBytes
  private var level = 0

  /// - Parameter position: the start of a value, or of space before it.
  init(_ file: MappedFile, at position: Int = 0, _ limits: Limits) {
    self.file = file
    self.position = position
    self.limits = limits
    bytes = FileBytes(file)
    // A byte order mark is not text.
    if position == 0, bytes[0..<3] == [0xEF, 0xBB, 0xBF] { self.position = 3 }
  }

  func wrong(_ found: String, expected: String, at place: Int? = nil) -> DatasetError {
    .invalid(file: file.path, place: .byte(place ?? position), expected: expected, found: found)
  }

  /// Checks a count against one of the limits.
  func check(_ limit: Limits.Name, _ found: Int, at place: Int? = nil) throws(DatasetError) {
    guard let excess = limits.excess(limit, found) else { return }
    throw .excess(file: file.path, place: .byte(place ?? position), excess)
  }

  /// A description of the current byte.
  private var here: String {
    guard let byte = peek() else { return "the end of the file" }
    return (0x21...0x7E).contains(byte) ? "\"\(Character(Unicode.Scalar(byte)))\"" : "the byte \(byte)"
  }

  @inline(__always) private func peek() -> UInt8? { bytes[position] }

  @inline(__always) private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// The first byte of the next value, which determines its kind.
  mutating func kind() -> UInt8? {
    skipSpace()
    return peek()
  }

  /// Checks that only space follows the outermost value.
  mutating func finish() throws(DatasetError) {
    skipSpace()
    guard position == bytes.count else { throw wrong(here, expected: "the end of the file") }
  }

  private mutating func enter(_ open: UInt8, _ expected: String) throws(DatasetError) {
    guard kind() == open else { throw wrong(here, expected: expected) }
    try check(.nesting, level + 1)
    level += 1
    position += 1
  }

  /// Whether another item follows, called after an item.
  private mutating func another(_ close: UInt8) throws(DatasetError) -> Bool {
    let byte = kind()
    guard byte == UInt8(ascii: ",") || byte == close else { throw wrong(here, expected: "a comma or the end") }
    position += 1
    if byte == close { level -= 1 }
    return byte != close
  }

  /// Reads an object; the closure must read or skip exactly one value for each key.
  mutating func object(
    _ body: (inout JSONCursor, String) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    try enter(UInt8(ascii: "{"), "an object")
    if kind() == UInt8(ascii: "}") {
      _ = try another(UInt8(ascii: "}"))
      return
    }
    repeat {
      let key = try string()
      guard kind() == UInt8(ascii: ":") else { throw wrong(here, expected: "a colon") }
      position += 1
      try body(&self, key)
    } while try another(UInt8(ascii: "}"))
  }

  /// Reads an array; the closure must read or skip exactly one value each time.
  mutating func array(_ body: (inout JSONCursor) throws(DatasetError) -> Void) throws(DatasetError) {
    try enter(UInt8(ascii: "["), "an array")
    if kind() == UInt8(ascii: "]") {
      _ = try another(UInt8(ascii: "]"))
      return
    }
    repeat { try body(&self) } while try another(UInt8(ascii: "]"))
  }

  /// Checks a value and skips it.
  mutating func skip() throws(DatasetError) {
    switch kind() {
    case UInt8(ascii: "{"): try object { (cursor, _) throws(DatasetError) in try cursor.skip() }
    case UInt8(ascii: "["): try array { (cursor) throws(DatasetError) in try cursor.skip() }
    case UInt8(ascii: "\""): _ = try stringBytes()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: if try !skipNotANumber() { _ = try number() }
    }
  }

  /// Skips what Python writes for a number that is none, if it is next: `NaN`, `Infinity`, `-Infinity`.
  private mutating func skipNotANumber() throws(DatasetError) -> Bool {
    for text in ["NaN", "Infinity", "-Infinity"] where bytes[position..<position + text.utf8.count] == Array(text.utf8)
    {
      position += text.utf8.count
      return true
    }
    return false
  }

  /// Skips a `null`, if one is next.
  mutating func skipNull() throws(DatasetError) -> Bool {
    guard kind() == UInt8(ascii: "n") else { return false }
    try word("null")
    return true
  }

  private mutating func word(_ word: String) throws(DatasetError) {
    let start = position
    for byte in word.utf8 {
      guard peek() == byte else { throw wrong(here, expected: word, at: start) }
      position += 1
    }
  }

  /// A whole number, or a Boolean as 0 or 1.
  mutating func integer() throws(DatasetError) -> Int {
    if kind() == UInt8(ascii: "t") {
      try word("true")
      return 1
    }
    if kind() == UInt8(ascii: "f") {
      try word("false")
      return 0
    }
    let start = position
    let value = try number()
    guard let exact = Int(exactly: value), abs(value) < 0x1p53 else {
      throw wrong("\(value)", expected: "a whole number", at: start)
    }
    return exact
  }

  /// A finite number.
  mutating func number() throws(DatasetError) -> Double {
    skipSpace()
    let start = position
    if try skipNotANumber() {
      throw wrong(String(decoding: bytes[start..<position], as: UTF8.self), expected: "a finite value", at: start)
    }
    let isNegative = peek() == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let first = position
    var mantissa: UInt64 = 0
    var digits = 0
    func take(_ cursor: inout JSONCursor) {
      while let byte = cursor.peek(), byte >= 0x30, byte <= 0x39 {
        if digits < 18 { mantissa = mantissa * 10 + UInt64(byte & 15) }
        digits += 1
        cursor.position += 1
      }
    }
    take(&self)
    guard digits > 0 else { throw wrong(here, expected: "a value") }
    guard digits == 1 || bytes[first] != 0x30 else {
      throw wrong("a 0 before other digits", expected: "a number", at: start)
    }
    var fraction = 0
    if peek() == UInt8(ascii: ".") {
      position += 1
      let whole = digits
      take(&self)
      fraction = digits - whole
      guard fraction > 0 else { throw wrong(here, expected: "a digit") }
    }
    var hasExponent = false
    if let byte = peek(), byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      hasExponent = true
      position += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      let before = position
      while let byte = peek(), byte >= 0x30, byte <= 0x39 { position += 1 }
      guard position > before else { throw wrong(here, expected: "a digit") }
    }
    // Both factors are exact, so the quotient is rounded only once.
    if !hasExponent, digits <= 18, mantissa < 1 << 53, fraction <= 18 {
      let value = Double(mantissa) / JSONCursor.powers[fraction]
      return isNegative ? -value : value
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw wrong("the number \(text.prefix(40))", expected: "a finite number", at: start)
    }
    return value
  }

  private static let powers: [Double] = (0...18).map { n in (0..<n).reduce(1.0) { power, _ in power * 10 } }

  mutating func string() throws(DatasetError) -> String {
    let start = position
    guard let text = String(validating: try stringBytes(), as: UTF8.self) else {
      throw wrong("other bytes", expected: "a string in UTF-8", at: start)
    }
    return text
  }

  /// A string's bytes, escapes resolved.
  mutating func stringBytes() throws(DatasetError) -> [UInt8] {
    guard kind() == UInt8(ascii: "\"") else { throw wrong(here, expected: "a string") }
    position += 1
    let start = position
    // Most strings have no escape.
    while let byte = peek(), byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
    var result = bytes[start..<position]
    while true {
      guard let byte = peek(), byte >= 0x20 else { throw wrong(here, expected: "the end of a string") }
      position += 1
      if byte == UInt8(ascii: "\"") { return result }
      if byte == UInt8(ascii: "\\") { try escape(into: &result) } else { result.append(byte) }
    }
  }

  private mutating func escape(into result: inout [UInt8]) throws(DatasetError) {
    let plain: [UInt8: UInt8] = [
      0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 0x08, 0x66: 0x0C, 0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09,
    ]
    let start = position - 1
    guard let byte = peek() else { throw wrong(here, expected: "an escape") }
    position += 1
    if let value = plain[byte] { return result.append(value) }
    guard byte == UInt8(ascii: "u") else { throw wrong("an unknown escape", expected: "an escape", at: start) }
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), peek() == UInt8(ascii: "\\") {
      position += 1
      guard peek() == UInt8(ascii: "u") else { throw wrong(here, expected: "the other half of a pair") }
      position += 1
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else {
        throw wrong("half a surrogate pair", expected: "a character", at: start)
      }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw wrong("half a surrogate pair", expected: "a character", at: start)
    }
    result += Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(DatasetError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw wrong(here, expected: "four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}

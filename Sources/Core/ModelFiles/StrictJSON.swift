/// An error of strict JSON parsing.
package struct JSONError: Error, Equatable {
  /// The byte offset of the error in the text.
  package let offset: Int
  package let reason: String
  /// Whether the text has more values than allowed.
  package let isTooLong: Bool

  package init(offset: Int, reason: String, isTooLong: Bool = false) {
    self.offset = offset
    self.reason = reason
    self.isTooLong = isTooLong
  }
}

/// A JSON value by RFC 8259, parsed strictly: an object's keys are unique and keep their order.
///
/// The files may be untrusted, so the nesting is limited, and nothing is repaired or guessed.
package enum StrictJSON: Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  case number(Double)
  case string(String)
  case array([StrictJSON])
  case object([Member])

  package struct Member: Equatable {
    package let key: String
    package let value: StrictJSON
  }

  /// Parses one value; only spaces may follow it.
  ///
  /// - Parameters:
  ///   - depth: the greatest nesting of arrays and objects.
  ///   - values: the greatest number of values, since each takes many times the memory of its two characters.
  /// - Complexity: O(`text.count`).
  package static func parse(_ text: [UInt8], depth: Int, values: Int = 1_000_000) throws(JSONError) -> StrictJSON {
    var reader = JSONReader(text: text, values: values)
    let value = try reader.value(depth: depth)
    reader.skipSpace()
    guard reader.position == text.count else { throw reader.error("bytes after the end of the value") }
    return value
  }

  /// The value of a key, or `nil` where this is not an object or has no such key.
  package subscript(key: String) -> StrictJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

/// The parser's position in a text, with the grammar.
private struct JSONReader {
  let text: [UInt8]
  var position = 0
  /// The number of values still allowed.
  private var values: Int

  init(text: [UInt8], values: Int) {
    self.text = text
    self.values = values
  }

  func error(_ reason: String) -> JSONError { JSONError(offset: position, reason: reason) }

  mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  func peek() -> UInt8? { position < text.count ? text[position] : nil }

  mutating func value(depth: Int) throws(JSONError) -> StrictJSON {
    skipSpace()
    guard values > 0 else { throw JSONError(offset: position, reason: "too many values", isTooLong: true) }
    values -= 1
    switch peek() {
    case UInt8(ascii: "{"):
      guard depth > 0 else { throw error("nested too deeply") }
      return try object(depth: depth - 1)
    case UInt8(ascii: "["):
      guard depth > 0 else { throw error("nested too deeply") }
      return try array(depth: depth - 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
    case nil: throw error("the text ends where a value should be")
    default: throw error("no value begins like this")
    }
  }

  mutating func object(depth: Int) throws(JSONError) -> StrictJSON {
    position += 1
    var members: [StrictJSON.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if peek() == UInt8(ascii: "}") {
      position += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw error("expected a key in quotation marks") }
      let start = position
      let key = try string()
      guard keys.insert(key).inserted else { throw JSONError(offset: start, reason: "the key \"\(key)\" occurs twice") }
      skipSpace()
      guard peek() == UInt8(ascii: ":") else { throw error("expected a colon after the key") }
      position += 1
      members.append(StrictJSON.Member(key: key, value: try value(depth: depth)))
      skipSpace()
      switch peek() {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        return .object(members)
      default: throw error("expected a comma or the end of the object")
      }
    }
  }

  mutating func array(depth: Int) throws(JSONError) -> StrictJSON {
    position += 1
    var values: [StrictJSON] = []
    skipSpace()
    if peek() == UInt8(ascii: "]") {
      position += 1
      return .array(values)
    }
    while true {
      values.append(try value(depth: depth))
      skipSpace()
      switch peek() {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return .array(values)
      default: throw error("expected a comma or the end of the array")
      }
    }
  }

  mutating func word(_ expected: String, _ value: StrictJSON) throws(JSONError) -> StrictJSON {
    for byte in expected.utf8 {
      guard peek() == byte else { throw error("no value begins like this") }
      position += 1
    }
    return value
  }

  mutating func number() throws(JSONError) -> StrictJSON {
    let start = position
    var whole = true
    if peek() == UInt8(ascii: "-") { position += 1 }
    let leadingZero = peek() == UInt8(ascii: "0")
    let digits = skipDigits()
    guard digits > 0, !(leadingZero && digits > 1) else { throw error("a number is written wrongly") }
    if peek() == UInt8(ascii: ".") {
      whole = false
      position += 1
      guard skipDigits() > 0 else { throw error("a number has no digit after its point") }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      whole = false
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() > 0 else { throw error("a number has no digit in its exponent") }
    }
    let literal = String(decoding: text[start..<position], as: UTF8.self)
    if whole {
      guard let value = Int(literal) else { throw JSONError(offset: start, reason: "a number is too large") }
      return .integer(value)
    }
    guard let value = Double(literal), value.isFinite else {
      throw JSONError(offset: start, reason: "a number is too large")
    }
    return .number(value)
  }

  mutating func skipDigits() -> Int {
    let start = position
    while let byte = peek(), isDigit(byte) { position += 1 }
    return position - start
  }

  mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    var bytes: [UInt8] = []
    while true {
      guard let byte = peek() else { throw JSONError(offset: start, reason: "a string does not end") }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let value = String(validating: bytes, as: UTF8.self) else {
          throw JSONError(offset: start, reason: "a string is not UTF-8")
        }
        return value
      case UInt8(ascii: "\\"): bytes += try escape()
      case 0..<0x20: throw error("a string holds a bare control character")
      default:
        bytes.append(byte)
        position += 1
      }
    }
  }

  mutating func escape() throws(JSONError) -> [UInt8] {
    position += 1
    guard let byte = peek() else { throw error("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code >= 0xd800 && code < 0xdc00 {
        guard peek() == UInt8(ascii: "\\") else { throw error("half a surrogate pair") }
        position += 1
        guard peek() == UInt8(ascii: "u") else { throw error("half a surrogate pair") }
        position += 1
        let low = try hexadecimal()
        guard low >= 0xdc00 && low < 0xe000 else { throw error("half a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair") }
      return Array(String(scalar).utf8)
    default: throw error("an unknown escape")
    }
  }

  mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("an escape needs four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}

/// Names of files that are not UTF-8, as strings that keep all of their bytes.
///
/// A name on Linux is any bytes. Those that are not part of valid UTF-8 become the characters U+EF80 to U+EFFF (a byte's
/// value above U+EF00), which have no meaning of their own; where these characters are in a name themselves, each of
/// their bytes becomes one. So every name has one string, and every string one name.
extension FilePath {
  /// The string of a name.
  package static func string(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isRaw) { return text }
    var text = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var (iterator, place) = (bytes.makeIterator(), 0)
    while place < bytes.count {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        if isRaw(scalar) { text.append(contentsOf: encoded.map(raw)) } else { text.append(scalar) }
        place += encoded.count
      case .error(let length):
        text.append(contentsOf: bytes[place..<min(place + length, bytes.count)].map(raw))
        place += length
      case .emptyInput: place = bytes.count
      }
    }
    return String(text)
  }

  /// The bytes of a string's name, with a zero behind them, for the system.
  package static func onDisk(_ path: String) -> [CChar] {
    var bytes: [CChar] = []
    bytes.reserveCapacity(path.utf8.count + 1)
    guard path.utf8.contains(0xEE) else {
      for byte in path.utf8 { bytes.append(CChar(bitPattern: byte)) }
      bytes.append(0)
      return bytes
    }
    for scalar in path.unicodeScalars {
      if isRaw(scalar) {
        bytes.append(CChar(bitPattern: UInt8(truncatingIfNeeded: scalar.value)))
      } else {
        for byte in UTF8.encode(scalar)! { bytes.append(CChar(bitPattern: byte)) }
      }
    }
    bytes.append(0)
    return bytes
  }

  /// A name for people and for other programs: each byte that is not part of UTF-8 is written as in `\xE9`.
  package static func shown(_ path: String) -> String {
    guard path.utf8.contains(0xEE) else { return path }
    var text = ""
    for scalar in path.unicodeScalars {
      if isRaw(scalar) { text += shown(scalar) } else { text.unicodeScalars.append(scalar) }
    }
    return text
  }

  /// Whether the character stands for a byte.
  static func isRaw(_ scalar: Unicode.Scalar) -> Bool { 0xEF80...0xEFFF ~= scalar.value }

  /// The byte of such a character, as in `\xE9`.
  static func shown(_ scalar: Unicode.Scalar) -> String {
    "\\x" + String(scalar.value & 0xFF, radix: 16, uppercase: true)
  }

  private static func raw(_ byte: UInt8) -> Unicode.Scalar { Unicode.Scalar(0xEF00 + UInt32(byte))! }
}

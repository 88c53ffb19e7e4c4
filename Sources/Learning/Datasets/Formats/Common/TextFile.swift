import Files

/// A small text file, read whole.
struct TextFile {
  /// One line.
  struct Line {
    /// Counted from 1.
    let number: Int
    /// Its byte offset in the file.
    let byte: Int
    let text: String

    var place: DatasetError.Place { .line(number, byte: byte) }
  }

  let path: String
  let text: String
  private let limits: Limits
  /// Bytes of the file before the text: those of a byte order mark, which is not text.
  let mark: Int

  /// - Throws: `DatasetError` when the file cannot be read, is too large or is not UTF-8.
  init(path: String, _ limits: Limits) throws(DatasetError) {
    try self.init(path: path, TextFile.bytes(of: path, limits), limits)
  }

  private static func bytes(of path: String, _ limits: Limits) throws(DatasetError) -> [UInt8] {
    do throws(FileError) {
      let file = try MappedFile(path: path, .textBytes, of: limits)
      return file.array(at: 0, count: file.count) ?? []
    } catch { throw .file(error) }
  }

  /// An XML file, in the encoding that its beginning names.
  ///
  /// - Throws: `DatasetError` when the file cannot be read, is too large, or is not in that encoding.
  init(xml path: String, _ limits: Limits) throws(DatasetError) {
    try self.init(xml: path, TextFile.bytes(of: path, limits), limits)
  }

  /// - Throws: `DatasetError` when the bytes are not in the encoding that they name.
  init(xml path: String, _ bytes: [UInt8], _ limits: Limits) throws(DatasetError) {
    var encoding: String?
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0x3C, 0]) { encoding = "UTF-16LE" }
    if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0, 0x3C]) { encoding = "UTF-16BE" }
    if encoding == nil { encoding = TextFile.declaredEncoding(bytes.prefix(200)) }
    let isASCII = bytes.allSatisfy { $0 < 0x80 }
    guard let encoding, !["UTF-8", "UTF8"].contains(encoding.uppercased()),
      encoding.hasPrefix("UTF-16") && bytes.contains(0) || !isASCII
    else {
      try self.init(path: path, bytes, limits)
      return
    }
    if let converted = TextEncoding.utf8(bytes, from: encoding) {
      try self.init(path: path, converted, limits)
    } else if String(validating: bytes, as: UTF8.self) != nil {
      try self.init(path: path, bytes, limits)
    } else {
      throw .invalid(
        file: path, place: .byte(TextFile.faultyByte(bytes)), expected: "text in \(encoding), as its first line says",
        found: "other bytes, or an encoding that this system does not know")
    }
  }

  /// The encoding in the declaration that an XML file begins with.
  private static func declaredEncoding(_ head: ArraySlice<UInt8>) -> String? {
    let text = String(decoding: head.prefix { $0 != UInt8(ascii: ">") }, as: UTF8.self)
    guard text.contains("<?xml"), let key = text.firstRange(of: "encoding") else { return nil }
    let value = text[key.upperBound...].drop { $0 == " " || $0 == "=" }
    guard let quote = value.first, quote == "\"" || quote == "'" else { return nil }
    let name = value.dropFirst().prefix { $0 != quote }
    return name.isEmpty || name.utf8.count > 40 ? nil : String(name)
  }

  /// - Throws: `DatasetError` when the bytes are not UTF-8.
  init(path: String, _ bytes: [UInt8], _ limits: Limits) throws(DatasetError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .invalid(
        file: path, place: .byte(TextFile.faultyByte(bytes)), expected: "text in UTF-8", found: "other bytes")
    }
    self.path = path
    self.limits = limits
    let isMarked = text.unicodeScalars.first == "\u{feff}"
    mark = isMarked ? 3 : 0
    self.text = isMarked ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// The offset of the first byte that is not UTF-8.
  private static func faultyByte(_ bytes: [UInt8]) -> Int {
    var (low, high) = (0, bytes.count)
    // The longest valid prefix, up to an incomplete last character; any longer prefix contains the fault.
    while low < high {
      let middle = (low + high + 1) / 2
      let isValid = (0...3).contains { cut in
        cut <= middle && String(validating: bytes[..<(middle - cut)], as: UTF8.self) != nil
      }
      if isValid { low = middle } else { high = middle - 1 }
    }
    return min(low, max(bytes.count - 1, 0))
  }

  /// The lines without line ends and surrounding space, or without trailing space only.
  ///
  /// - Throws: `DatasetError.excess` for more than `Limits.records`.
  func lines(keepingIndent: Bool = false) throws(DatasetError) -> [Line] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    var lines: [Line] = []
    var rest = text.utf8[...]
    var byte = mark
    while true {
      var line = rest.prefix { $0 != 0x0A }
      let length = line.count
      rest = rest.dropFirst(length)
      if !keepingIndent { line = line.drop(while: isSpace) }
      while let last = line.last, isSpace(last) { line.removeLast() }
      lines.append(Line(number: lines.count + 1, byte: byte, text: String(line)!))
      if let excess = limits.excess(.records, lines.count) {
        throw .excess(file: path, place: .line(lines.count, byte: byte), excess)
      }
      guard rest.popFirst() != nil else { return lines }
      byte += length + 1
    }
  }
}

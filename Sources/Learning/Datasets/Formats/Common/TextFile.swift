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
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path, .textBytes, of: limits) } catch { throw .file(error) }
    try self.init(path: path, file.array(at: 0, count: file.count) ?? [], limits)
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

/// An image format, recognised by a file's first bytes; the file's name is ignored.
public enum ImageFormat: String, Hashable, Sendable, CaseIterable {
  /// Windows bitmap; read only.
  case bmp = "BMP"
  /// JPEG (ITU-T T.81).
  case jpeg = "JPEG"
  /// PNG (ISO/IEC 15948).
  case png = "PNG"
  /// WebP (RFC 9649), without animations; read only.
  case webp = "WebP"

  /// The formats in words.
  static let all = "PNG, JPEG, WebP or BMP"

  static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Recognises the format of a file.
  ///
  /// - Throws: `ImageError` for bytes of no format that is read, with a description of them.
  static func sniff(_ all: Span<UInt8>, file: String) throws(ImageError) -> ImageFormat {
    // No signature is longer.
    let bytes = all.array(0..<min(all.count, 32))
    guard !bytes.isEmpty else { throw .empty(file: file) }
    if bytes.starts(with: pngSignature) { return .png }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if pngSignature.starts(with: bytes) {
      throw .truncated(file: file, format: .png, offset: bytes.count, expected: "the 8 bytes of a PNG signature")
    }
    if [0xFF, 0xD8].starts(with: bytes) {
      throw .truncated(file: file, format: .jpeg, offset: bytes.count, expected: "a JPEG marker")
    }
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if has("RIFF"), has("WEBP", at: 8) { return .webp }
    // "BM" alone could begin a text; the size of the second header is characteristic.
    if has("BM"), bytes.count > 17, [12, 16, 40, 52, 56, 64, 108, 124].contains(bytes[14]), bytes[15...17] == [0, 0, 0]
    {
      return .bmp
    }
    if let reason = damageOfSignature(bytes) {
      throw .damaged(file: file, format: .png, offset: 0, reason: reason)
    }
    if let other = nameOfOtherFormat(bytes) { throw .unsupported(file: file, found: other) }
    throw .unknownFormat(file: file, found: glimpse(of: bytes))
  }

  /// A description of the damage to a PNG signature, or `nil` if the bytes do not resemble one.
  private static func damageOfSignature(_ bytes: [UInt8]) -> String? {
    let head = Array(bytes.prefix(12))
    // The signature was designed to reveal text-mode transfers, which drop or add carriage returns and line feeds.
    let withoutLineEnds = head.filter { $0 != 0x0D && $0 != 0x0A }
    if withoutLineEnds.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x1A]) {
      let place = zip(head, pngSignature).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
      return "a transfer in text mode changed the line endings of the PNG signature: "
        + "byte \(place + 1) is \(hex(head[place])), expected \(hex(pngSignature[place]))"
    }
    let signature = head.prefix(8)
    let wrong = zip(signature, pngSignature).enumerated().filter { $0.element.0 != $0.element.1 }
    guard signature.count == 8, wrong.count <= 2, let first = wrong.first else { return nil }
    let found = hex(first.element.0), expected = hex(first.element.1)
    return "byte \(first.offset + 1) of the PNG signature is \(found), expected \(expected)"
  }

  /// The names of well-known formats that are not supported.
  private static func nameOfOtherFormat(_ bytes: [UInt8]) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    func hasBytes(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
    if has("GIF87a") || has("GIF89a") { return "GIF" }
    if hasBytes([0x49, 0x49, 0x2A, 0]) || hasBytes([0x4D, 0x4D, 0, 0x2A]) { return "TIFF or camera raw" }
    if has("ftypavif", at: 4) || has("ftypavis", at: 4) { return "AVIF" }
    if ["ftypheic", "ftypheix", "ftyphevc", "ftypmif1", "ftypmsf1"].contains(where: { has($0, at: 4) }) {
      return "HEIC"
    }
    if has("ftypcrx", at: 4) { return "TIFF or camera raw" }
    if has("ftyp", at: 4) || has("moov", at: 4) || hasBytes([0x1A, 0x45, 0xDF, 0xA3]) || hasBytes([0, 0, 1, 0xBA])
      || has("RIFF") && has("AVI ", at: 8) || has("FLV\u{1}") || has("OggS")
    {
      return "a video"
    }
    if hasBytes([0xFF, 0x0A]) || hasBytes([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20]) { return "JPEG XL" }
    if hasBytes([0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20]) || hasBytes([0xFF, 0x4F, 0xFF, 0x51]) { return "JPEG 2000" }
    if hasBytes([0, 0, 1, 0]) { return "ICO" }
    if hasBytes([0x8A, 0x4D, 0x4E, 0x47]) { return "MNG" }
    if has("8BPS") { return "Photoshop" }
    if has("qoif") { return "QOI" }
    if has("%PDF-") { return "PDF" }
    if has("<svg") || has("<?xml") { return "SVG or another XML" }
    if bytes.count > 2, bytes[0] == 0x50, (0x31...0x37).contains(bytes[1]), [0x20, 0x09, 0x0A, 0x0D].contains(bytes[2])
    {
      return "PNM"
    }
    return nil
  }

  /// The command that converts a file of another format, as far as there is a usual one.
  static func conversion(of found: String, file: String) -> String? {
    let name = "'" + file.onOneLine + "'"
    switch found {
    case "a video": return "ffmpeg -i \(name) frame-%06d.png"
    case "AVIF": return "avifdec \(name) picture.png"
    case "HEIC": return "heif-convert \(name) picture.png"
    case "JPEG XL": return "djxl \(name) picture.png"
    case "PDF": return "pdftoppm -png \(name) page"
    case "GIF", "ICO", "JPEG 2000", "MNG", "Photoshop", "PNM", "QOI", "SVG or another XML", "TIFF or camera raw":
      return "magick \(name) picture.png"
    default: return nil
    }
  }

  /// The first bytes of a file for a message: as text if they are text, otherwise in hexadecimal.
  private static func glimpse(of bytes: [UInt8]) -> String {
    let head = bytes.prefix(24)
    if head.allSatisfy({ (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0) }) {
      let words = String(decoding: head.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
      return "text beginning \"\(words)\""
    }
    return "bytes beginning \(head.prefix(8).map(hex).joined(separator: " "))"
  }

  /// A byte as two hexadecimal digits.
  static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}

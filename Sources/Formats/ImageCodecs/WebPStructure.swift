/// The chunks of a WebP file.
///
/// Source: RFC 9649, section 2.
enum WebPStructure {
  /// Finds the EXIF data.
  ///
  /// - Complexity: O(chunks).
  static func exif(in bytes: Span<UInt8>) -> Range<Int>? {
    var offset = 12
    while bytes.count - offset >= 8 {
      let size = bytes.little32(at: offset + 4)
      guard size <= bytes.count - offset - 8 else { return nil }
      if bytes.array(offset..<offset + 4) == [0x45, 0x58, 0x49, 0x46] { return offset + 8..<offset + 8 + size }
      offset += 8 + size + size % 2
    }
    return nil
  }
}

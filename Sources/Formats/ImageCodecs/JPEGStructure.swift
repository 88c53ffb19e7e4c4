/// The markers of a JPEG before its first scan.
///
/// Source: ITU-T T.81, annex B; Exif 3.0, section 4.7.2.
enum JPEGStructure {
  /// The first bytes of an APP1 segment with EXIF data.
  static let exifPrefix: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

  /// Finds the EXIF data: the first such APP1 segment before the first scan, without its prefix.
  ///
  /// Invalid markers give `nil`; the decoder reads and reports them too.
  /// - Complexity: O(markers).
  static func exif(in bytes: Span<UInt8>) -> Range<Int>? {
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      if marker == 0xFF {
        // A fill byte.
        offset += 1
        continue
      }
      // End of the image, start of a scan, or a marker without a length.
      if marker == 0xD9 || marker == 0xDA || marker <= 0x01 || (0xD0...0xD8).contains(marker) { return nil }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      guard length >= 2, length <= bytes.count - offset - 2 else { return nil }
      let data = (offset + 4)..<(offset + 2 + length)
      if marker == 0xE1, bytes.array(data.prefix(exifPrefix.count)) == exifPrefix {
        return (data.lowerBound + exifPrefix.count)..<data.upperBound
      }
      offset = data.upperBound
    }
    return nil
  }
}

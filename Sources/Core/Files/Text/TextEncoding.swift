#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Texts in other encodings than UTF-8.
package enum TextEncoding {
  /// Converts a text to UTF-8, without a byte order mark.
  ///
  /// - Parameter name: the encoding's name, as in XML: `gbk`, `ISO-8859-1`, `windows-1252`.
  /// - Returns: `nil` where the system does not know the encoding, or the bytes are none of it.
  /// - Complexity: O(`bytes.count`), with memory for four times the bytes.
  package static func utf8(_ bytes: [UInt8], from name: String) -> [UInt8]? {
    guard !name.isEmpty, name.utf8.allSatisfy({ (0x2D...0x7A).contains($0) && $0 != 0x2F }) else { return nil }
    #if canImport(Glibc) || canImport(Musl)
      let converter = unsafe iconv_open("UTF-8", name)
      guard Int(bitPattern: converter) != -1 else { return nil }
      defer { unsafe iconv_close(converter) }
      var source = bytes.map { CChar(bitPattern: $0) }
      var result = [CChar](repeating: 0, count: 4 * bytes.count + 16)
      let capacity = result.count
      var room = capacity
      var rest = bytes.count
      let status = unsafe source.withUnsafeMutableBufferPointer { from in
        unsafe result.withUnsafeMutableBufferPointer { to in
          var (read, write) = (from.baseAddress, to.baseAddress)
          return unsafe iconv(converter, &read, &rest, &write, &room)
        }
      }
      guard status != .max, rest == 0 else { return nil }
      let text = result.prefix(capacity - room).map { UInt8(bitPattern: $0) }
      return text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
    #else
      return nil
    #endif
  }
}

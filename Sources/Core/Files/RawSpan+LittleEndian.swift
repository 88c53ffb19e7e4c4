// The only conversion of file bytes to numbers. Every read is checked against the bounds; a read outside gives `nil`.

extension RawSpan {
  /// The little-endian integer that begins at byte `offset`, or `nil` where it would leave the bytes.
  package func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type = T.self) -> T? {
    guard offset >= 0, offset <= byteCount - MemoryLayout<T>.size else { return nil }
    return unsafe T(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
  }

  /// `count` bytes from byte `offset` on, or `nil` where they would leave the bytes.
  ///
  /// - Complexity: O(`count`).
  package func array(at offset: Int, count: Int) -> [UInt8]? {
    guard offset >= 0, count >= 0, count <= byteCount, offset <= byteCount - count else { return nil }
    return unsafe withUnsafeBytes { bytes in unsafe [UInt8](bytes[offset..<offset + count]) }
  }

  /// `count` little-endian fp32 values from byte `offset` on, or `nil` where they would leave the bytes.
  ///
  /// - Complexity: O(`count`).
  package func floats(at offset: Int, count: Int) -> [Float]? {
    guard offset >= 0, count >= 0, count <= byteCount / 4, offset <= byteCount - count * 4 else { return nil }
    return unsafe [Float](unsafeUninitializedCapacity: count) { values, initialised in
      unsafe withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(values).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count * 4]))
      }
      initialised = count
    }
  }
}

extension MappedFile {
  /// The little-endian integer that begins at byte `offset`, or `nil` where it would leave the file.
  package func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type = T.self) -> T? {
    withBytes { bytes in bytes.integer(at: offset, as: T.self) }
  }

  /// `count` bytes from byte `offset` on, or `nil` where they would leave the file.
  ///
  /// - Complexity: O(`count`).
  package func array(at offset: Int, count: Int) -> [UInt8]? {
    withBytes { bytes in bytes.array(at: offset, count: count) }
  }

  /// `count` little-endian fp32 values from byte `offset` on, or `nil` where they would leave the file.
  package func floats(at offset: Int, count: Int) -> [Float]? {
    withBytes { bytes in bytes.floats(at: offset, count: count) }
  }
}

extension [UInt8] {
  /// Reads the bytes in place.
  package func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try unsafe body(span.bytes) }
}

extension Span<Float> {
  /// Reads the bytes of the values in place; every host that is built for is little-endian.
  package func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try unsafe body(bytes) }
}

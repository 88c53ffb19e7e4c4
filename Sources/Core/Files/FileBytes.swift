/// The bytes of a file by index, every access checked, for readers of text.
@safe public struct FileBytes: Sendable {
  /// Keeps the mapping alive.
  @usableFromInline let file: MappedFile
  @usableFromInline nonisolated(unsafe) let base: UnsafePointer<UInt8>?
  /// Bytes in the file.
  public let count: Int

  /// Wraps a mapped file, which stays mapped while this value lives.
  public init(_ file: MappedFile) {
    self.file = file
    unsafe base = file.bytes.bindMemory(to: UInt8.self).baseAddress
    count = file.count
  }

  /// The byte at an index, or `nil` outside the file.
  @inlinable public subscript(place: Int) -> UInt8? {
    guard place >= 0, place < count, let base = unsafe base else { return nil }
    return unsafe base[place]
  }

  /// The bytes of a range, as far as they lie in the file.
  ///
  /// - Complexity: O(`range.count`).
  public subscript(range: Range<Int>) -> [UInt8] {
    let range = range.clamped(to: 0..<count)
    return file.array(at: range.lowerBound, count: range.count) ?? []
  }
}

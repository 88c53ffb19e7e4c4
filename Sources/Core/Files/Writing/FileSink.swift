#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The sequential output of a file that is being written.
///
/// It is unbuffered, so the pieces should be large.
package struct FileSink: ~Copyable {
  /// The file's final name, for messages.
  package let path: String
  private let descriptor: Int32

  package init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Writes all of the bytes.
  ///
  /// - Throws: `FileError.cannotWrite`, for example when the disk is full.
  package mutating func append(_ bytes: RawSpan) throws(FileError) {
    var done = 0
    while done < bytes.byteCount {
      let written = unsafe bytes.withUnsafeBytes { all in
        unsafe write(descriptor, all.baseAddress! + done, all.count - done)
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw .cannotWrite(path: path, errno: errno)
      }
      done += written
    }
  }

  /// Writes all of the bytes.
  ///
  /// - Throws: `FileError.cannotWrite`, for example when the disk is full.
  package mutating func append(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withBytes { (all) throws(FileError) in try append(all) }
  }
}

extension [UInt8] {
  /// Appends a copy of bytes.
  package mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { all in unsafe append(contentsOf: all) }
  }
}

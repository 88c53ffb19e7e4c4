#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file whose parts are written in any order and by any thread: for data that can be made again, such as a cache.
///
/// It has its name from the beginning on and is not whole until its last part is written: its format must show that.
public final class PlacedFile: Sendable {
  public let path: String
  private let descriptor: Int32

  /// Creates a file of zeros, in the place of one that may be there; what is never written takes no room on the disk.
  public init(creating path: String, size: Int) throws(FileError) {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      if errno == EISDIR { throw .isDirectory(path: path) }
      throw .cannotWrite(path: path, errno: errno)
    }
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw .cannotWrite(path: path, errno: errno) }
  }

  deinit { close(descriptor) }

  /// Writes all of the bytes from that place on.
  ///
  /// - Parameter offset: bytes from the file's beginning.
  /// - Throws: `FileError.cannotWrite`, for example when the disk is full.
  public func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    try bytes.withBytes { (bytes) throws(FileError) in
      var done = 0
      while done < bytes.byteCount {
        let written = unsafe bytes.withUnsafeBytes { all in
          unsafe pwrite(descriptor, all.baseAddress! + done, all.count - done, off_t(offset + done))
        }
        if written < 0 {
          if errno == EINTR { continue }
          throw .cannotWrite(path: path, errno: errno)
        }
        done += written
      }
    }
  }
}

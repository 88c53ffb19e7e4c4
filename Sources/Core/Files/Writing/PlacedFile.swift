#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import Synchronization

/// A file written in parts, in any order and from any thread, which gets its name when it is finished.
///
/// An unfinished file leaves no trace, and an existing file of that name is unchanged.
package final class PlacedFile: Sendable {
  /// The path as given, at which the finished file appears.
  package let path: String
  private let target: String
  private let file: NewFile
  private let isFinished = Atomic<Bool>(false)

  /// Creates a sparse file of zeros.
  ///
  /// - Parameter size: bytes.
  /// - Throws: `FileError`.
  package init(creating path: String, size: Int) throws(FileError) {
    self.path = path
    var status = stat()
    if unsafe stat(FilePath.onDisk(path), &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw .isDirectory(path: path)
      default: throw .notRegular(path: path)
      }
    }
    target = try FilePath.destination(of: path)
    let file = try NewFile(for: target, named: path)
    guard ftruncate(file.descriptor, off_t(size)) == 0 else {
      let code = errno
      file.abandon()
      throw .cannotWrite(path: path, errno: code)
    }
    self.file = file
  }

  deinit { if !isFinished.load(ordering: .relaxed) { file.abandon() } }

  /// Writes all of the bytes from that place on.
  ///
  /// - Parameter offset: bytes from the file's beginning.
  /// - Throws: `FileError.cannotWrite`, for example when the disk is full.
  package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    try bytes.withBytes { (bytes) throws(FileError) in
      var done = 0
      while done < bytes.byteCount {
        let written = unsafe bytes.withUnsafeBytes { all in
          unsafe pwrite(file.descriptor, all.baseAddress! + done, all.count - done, off_t(offset + done))
        }
        if written < 0 {
          if errno == EINTR { continue }
          throw .cannotWrite(path: path, errno: errno)
        }
        done += written
      }
    }
  }

  /// Forces the file to the disk and gives it its name; nothing can be written afterwards.
  ///
  /// - Throws: `FileError.cannotWrite`; the file is then discarded.
  package func finish() throws(FileError) {
    precondition(!isFinished.exchange(true, ordering: .sequentiallyConsistent), "\(path) is finished already")
    do throws(FileError) { try file.force() } catch {
      file.abandon()
      throw error
    }
    try file.take(name: target, replacing: true)
  }
}

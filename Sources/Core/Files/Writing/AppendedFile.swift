#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is written at its end, by one process at a time.
package final class AppendedFile: Sendable {
  /// The path as given.
  package let path: String
  /// The open file, for as long as this object lives.
  package let descriptor: Int32

  /// Opens a file, or creates an empty one.
  ///
  /// - Throws: `FileError.cannotWrite`, also for a file that another process is writing; `.notRegular`, `.isDirectory`.
  package init(_ path: String) throws(FileError) {
    let name = FilePath.onDisk(path)
    let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard descriptor >= 0 else {
      throw errno == EISDIR ? .isDirectory(path: path) : .cannotWrite(path: path, errno: errno)
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegular(path: path)
    }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw .cannotWrite(path: path, errno: EBUSY)
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Removes what lies behind a number of bytes.
  ///
  /// - Throws: `FileError.cannotWrite`.
  package func cut(to count: Int) throws(FileError) {
    guard ftruncate(descriptor, off_t(count)) == 0 else { throw .cannotWrite(path: path, errno: errno) }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Atomic writes of whole files.
///
/// A reader sees the old bytes or the new ones, never a part, whatever fails in between.
///
/// The bytes go to a file in the same folder that has no name yet, are forced to the disk, and then take the name; the
/// folder is forced to the disk too. A symbolic link is followed, so that the file it points to is replaced and the
/// link stays. A target other than a regular file (a terminal, a pipe, `/dev/stdout`, `/dev/null`) can't be replaced
/// and is written directly.
///
/// A killed process leaves the old file, and nothing else. There are two exceptions: a kill between the two system
/// calls that replace an old file, and any kill on a file system without nameless files (NFS, FAT). Both may leave a
/// hidden `.tmp-backbone-…`, which the next process that writes into the folder removes.
package enum AtomicFile {
  /// Writes the bytes as the file of that name.
  ///
  /// - Parameter replacing: whether a file of that name may exist already.
  /// - Throws: `FileError`; the old file is then untouched and no temporary file is left.
  package static func write(_ bytes: [UInt8], to path: String, replacing: Bool = true) throws(FileError) {
    try write(to: path, replacing: replacing) { (sink: inout FileSink) throws(FileError) in try sink.append(bytes) }
  }

  /// Writes the file of that name piece by piece.
  ///
  /// - Parameters:
  ///   - replacing: whether a file of that name may exist already.
  ///   - body: passes the pieces to the sink in order; when it throws, nothing is written.
  /// - Throws: `FileError`; the old file is then untouched and no temporary file is left.
  package static func write(
    to path: String, replacing: Bool = true, _ body: (inout FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    if let descriptor = standardStream(path) {
      _ = fflush(nil)
      var sink = FileSink(path: path, descriptor: descriptor)
      return try body(&sink)
    }
    switch kind(of: path) {
    case .directory: throw .isDirectory(path: path)
    case .other: return try writeDirectly(to: path, body)
    case .regular: if !replacing { throw .alreadyExists(path: path) }
    case .absent: break
    }
    let target = try FilePath.destination(of: path)
    let file = try NewFile(for: target, named: path)
    do throws(FileError) {
      var sink = FileSink(path: path, descriptor: file.descriptor)
      try body(&sink)
      try file.force()
    } catch {
      file.abandon()
      throw error
    }
    try file.take(name: target, replacing: replacing)
  }

  private enum Kind { case absent, regular, directory, other }

  private static func kind(of path: String) -> Kind {
    var status = stat()
    guard unsafe stat(FilePath.onDisk(path), &status) == 0 else { return .absent }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  /// The process's own stream, which must be written through its descriptor: opening the name again would start at byte
  /// 0.
  private static func standardStream(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1": return 1
    case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2": return 2
    default: return nil
    }
  }

  private static func writeDirectly(
    to path: String, _ body: (inout FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    let descriptor = unsafe open(FilePath.onDisk(path), O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(path: path, errno: errno) }
    defer { close(descriptor) }
    var sink = FileSink(path: path, descriptor: descriptor)
    try body(&sink)
  }
}

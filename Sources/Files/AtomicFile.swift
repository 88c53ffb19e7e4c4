#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes whole files: a reader sees the old bytes or the new ones, never a part, whatever goes wrong in between.
///
/// The bytes go to a temporary file in the same folder, are forced to the disk, and then take the name. A symbolic link is
/// followed, so that the file it points to is replaced and the link stays. A target that is no regular file (a terminal, a
/// pipe, `/dev/stdout`, `/dev/null`) cannot be replaced and is written directly.
public enum AtomicFile {
  /// Writes the bytes as the file of that name.
  ///
  /// - Parameter replacing: whether a file of that name may be there already.
  /// - Throws: `FileError`; the old file is then untouched and no temporary file is left.
  public static func write(_ bytes: [UInt8], to path: String, replacing: Bool = true) throws(FileError) {
    try write(to: path, replacing: replacing) { (sink: inout FileSink) throws(FileError) in try sink.append(bytes) }
  }

  /// Writes the file of that name piece by piece.
  ///
  /// - Parameters:
  ///   - replacing: whether a file of that name may be there already.
  ///   - body: hands the pieces to the sink in order; when it throws, nothing is written.
  /// - Throws: `FileError`; the old file is then untouched and no temporary file is left.
  public static func write(
    to path: String, replacing: Bool = true, _ body: (inout FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    if let descriptor = standardStream(path) {
      _ = fflush(nil)
      var sink = FileSink(path: path, descriptor: descriptor)
      return try body(&sink)
    }
    switch kind(of: path, following: true) {
    case .directory: throw .isDirectory(path: path)
    case .other: return try writeDirectly(to: path, body)
    case .regular: if !replacing { throw .alreadyExists(path: path) }
    case .absent, .link: break
    }
    let target = try destination(of: path)
    let (temporary, descriptor) = try createTemporary(beside: target, for: path)
    var unfinished = true
    defer { if unfinished { unsafe unlink(temporary) } }
    do throws(FileError) {
      var sink = FileSink(path: path, descriptor: descriptor)
      try body(&sink)
      // A file system without fsync (EINVAL) has nothing to force.
      if fsync(descriptor) != 0 && errno != EINVAL { throw .cannotWrite(path: path, errno: errno) }
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw .cannotWrite(path: path, errno: errno) }
    try take(name: target, temporary, replacing: replacing, for: path)
    unfinished = false
    synchronise(folder: folder(of: target))
  }

  private enum Kind { case absent, regular, directory, link, other }

  private static func kind(of path: String, following: Bool) -> Kind {
    var status = stat()
    guard unsafe (following ? stat(path, &status) : lstat(path, &status)) == 0 else { return .absent }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .regular
    case S_IFDIR: return .directory
    case S_IFLNK: return .link
    default: return .other
    }
  }

  /// The process's own stream, which must be written through its descriptor: opening the name again would start at byte 0.
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
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(path: path, errno: errno) }
    defer { close(descriptor) }
    var sink = FileSink(path: path, descriptor: descriptor)
    try body(&sink)
  }

  /// The name behind a chain of symbolic links; it need not exist.
  private static func destination(of path: String) throws(FileError) -> String {
    var current = path
    for _ in 0..<40 {
      guard kind(of: current, following: false) == .link else { return current }
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let length = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe readlink(current, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
      }
      guard length > 0 else { throw .cannotWrite(path: path, errno: errno) }
      let link = String(decoding: buffer[..<length], as: UTF8.self)
      current = link.utf8.first == UInt8(ascii: "/") ? link : folder(of: current) + "/" + link
    }
    throw .cannotWrite(path: path, errno: ELOOP)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  private static func createTemporary(beside target: String, for path: String) throws(FileError) -> (String, Int32) {
    let folder = folder(of: target)
    for _ in 0..<100 {
      // The name is short, whatever the target's length, and hidden, so that no pattern picks it up.
      let name = "\(folder)/.tmp-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
      let descriptor = unsafe open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (name, descriptor) }
      guard errno == EEXIST || errno == EINTR else { throw .cannotWrite(path: path, errno: errno) }
    }
    throw .cannotWrite(path: path, errno: EEXIST)
  }

  private static func take(
    name target: String, _ temporary: String, replacing: Bool, for path: String
  ) throws(FileError) {
    if !replacing {
      // A hard link, unlike a rename, refuses to replace what another process made in the meantime.
      if unsafe link(temporary, target) == 0 {
        unsafe unlink(temporary)
        return
      }
      if errno == EEXIST { throw .alreadyExists(path: path) }
      guard errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK else {
        throw .cannotWrite(path: path, errno: errno)
      }
    }
    guard unsafe rename(temporary, target) == 0 else { throw .cannotWrite(path: path, errno: errno) }
  }

  /// Forces the folder's new entry to the disk.
  ///
  /// The file is complete either way, so a refusal is no error.
  private static func synchronise(folder: String) {
    let descriptor = unsafe open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a file could not be opened for reading.
public enum FileError: Error, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, errno: Int32)
  case isDirectory(path: String)
  case notRegular(path: String)
  case tooLarge(path: String, bytes: Int, limit: Int)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let code):
      let reason = unsafe String(cString: strerror(code))
      return "\(path): cannot open the file: \(reason); check the path and its permissions"
    case .isDirectory(let path): return "\(path): is a directory, expected a file; name one file in it"
    case .notRegular(let path): return "\(path): is not a regular file; copy its contents to a file first"
    case .tooLarge(let path, let bytes, let limit):
      return "\(path): has \(bytes) bytes, more than the limit of \(limit); raise the limit or use a smaller file"
    }
  }
}

/// A file's bytes, mapped read-only: nothing is copied, and pages are read when they are touched.
@safe public final class MappedFile: @unchecked Sendable {
  public let path: String
  public let count: Int
  private let base: UnsafeRawPointer?

  /// Maps a regular file of at most `limit` bytes.
  ///
  /// - Throws: `FileError`, naming the path.
  public init(path: String, limit: Int) throws(FileError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = unsafe stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, errno: errno) }
    let kind = unsafe status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw .isDirectory(path: path) }
    guard kind == S_IFREG else { throw .notRegular(path: path) }
    let size = unsafe Int(status.st_size)
    guard size <= limit else { throw .tooLarge(path: path, bytes: size, limit: limit) }
    self.path = path
    count = size
    if size == 0 {
      unsafe base = nil
    } else {
      let mapping = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard unsafe mapping != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
      unsafe base = UnsafeRawPointer(mapping!)
    }
  }

  deinit { if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) } }

  /// Reads the bytes in place.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try unsafe body(UnsafeRawBufferPointer(start: base, count: count).bytes)
  }

  /// The mapping itself, valid while this object lives.
  @unsafe package var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }
}

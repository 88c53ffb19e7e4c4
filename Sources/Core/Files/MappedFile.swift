#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file mapped read-only.
///
/// Nothing is copied, and pages are read on first access.
@safe public final class MappedFile: @unchecked Sendable {
  /// The path as given, or the name of bytes in memory.
  public let path: String
  /// Bytes in the file.
  public let count: Int
  private let base: UnsafeRawPointer?
  /// Whether this object owns the mapping.
  private let isOwned: Bool

  /// Maps a regular file of at most `limit` bytes.
  ///
  /// - Parameter name: the limit's name, for messages.
  /// - Throws: `FileError`, naming the path.
  public init(path: String, limit: Int, _ name: Limits.Name = .fileBytes) throws(FileError) {
    let descriptor = unsafe open(FilePath.onDisk(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, errno: errno) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw .isDirectory(path: path) }
    guard kind == S_IFREG else { throw .notRegular(path: path) }
    let size = Int(status.st_size)
    guard size <= limit else { throw .limit(path: path, LimitExcess(limit: name, allowed: limit, found: size)) }
    self.path = path
    count = size
    isOwned = true
    if size == 0 {
      unsafe base = nil
    } else {
      let mapping = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard unsafe mapping != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
      unsafe base = UnsafeRawPointer(mapping!)
    }
  }

  /// Maps a regular file whose size is within one of the limits.
  ///
  /// - Throws: `FileError`, naming the path.
  public convenience init(path: String, _ name: Limits.Name, of limits: Limits) throws(FileError) {
    try self.init(path: path, limit: limits[name], name)
  }

  /// A copy of bytes in memory, treated as a file of that name.
  ///
  /// - Complexity: O(`bytes.count`).
  public init(path: String, copying bytes: [UInt8]) throws(FileError) {
    self.path = path
    count = bytes.count
    isOwned = true
    if bytes.isEmpty {
      unsafe base = nil
    } else {
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
      let mapping = unsafe mmap(nil, bytes.count, PROT_READ | PROT_WRITE, flags, -1, 0)
      guard unsafe mapping != MAP_FAILED else { throw .cannotOpen(path: path, errno: errno) }
      unsafe UnsafeMutableRawBufferPointer(start: mapping, count: bytes.count).copyBytes(from: bytes)
      unsafe base = UnsafeRawPointer(mapping!)
    }
  }

  /// Bytes linked into the program, treated as a file of that name.
  ///
  /// - Parameter constant: returns the bytes, which are valid for ever, and stores their number.
  @unsafe package init(path: String, constant: (UnsafeMutablePointer<Int>) -> UnsafeRawPointer) {
    var size = 0
    self.path = path
    unsafe base = constant(&size)
    count = size
    isOwned = false
  }

  deinit {
    if isOwned, let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// Reads the bytes in place.
  public func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try unsafe body(UnsafeRawBufferPointer(start: base, count: count).bytes)
  }

  /// Returns the memory of some bytes to the system.
  ///
  /// Reading them again reloads them.
  ///
  /// It is for files larger than the memory budget, with parts that are read rarely.
  package func release(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (range.lowerBound + page - 1) / page * page
    let end = range.upperBound / page * page
    guard isOwned, begin < end, let base = unsafe base else { return }
    _ = unsafe madvise(UnsafeMutableRawPointer(mutating: base + begin), end - begin, MADV_DONTNEED)
  }

  /// The mapping itself, valid while this object lives.
  @unsafe package var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: base, count: count) }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The reading of a file or a pipe piece by piece.
package enum FileLines {
  /// Calls `body` with each line of a file, in order, without its separator.
  ///
  /// - Parameters:
  ///   - path: a regular file, or anything that can be read to its end; `/dev/stdin` is the process's own input.
  ///   - separator: the byte behind each line.
  ///   - limit: the greatest number of bytes, of the limit of that name.
  ///   - body: receives the line's bytes, and whether the separator followed; without it, it is the rest of the file.
  /// - Throws: `FileError`, and what `body` throws, as `E`.
  package static func forEach<E: Error>(
    of path: String, separator: UInt8, limit: Int, _ name: Limits.Name, refused: (FileError) -> E,
    _ body: (_ line: [UInt8], _ isWhole: Bool) throws(E) -> Void
  ) throws(E) {
    let descriptor = unsafe path == "/dev/stdin" ? dup(STDIN_FILENO) : open(FilePath.onDisk(path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw refused(.cannotOpen(path: path, errno: errno)) }
    defer { close(descriptor) }
    var status = stat()
    if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw refused(.isDirectory(path: path))
    }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var line: [UInt8] = []
    var total = 0
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw refused(.cannotOpen(path: path, errno: errno)) }
      if count == 0 { break }
      total += count
      guard total <= limit else {
        throw refused(.limit(path: path, LimitExcess(limit: name, allowed: limit, found: total)))
      }
      var rest = buffer[..<count]
      while let end = rest.firstIndex(of: separator) {
        line.append(contentsOf: rest[..<end])
        try body(line, true)
        line.removeAll(keepingCapacity: true)
        rest = rest[(end + 1)...]
      }
      line.append(contentsOf: rest)
    }
    if !line.isEmpty { try body(line, false) }
  }
}

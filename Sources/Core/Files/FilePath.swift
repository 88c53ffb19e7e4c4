#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Operations on paths.
package enum FilePath {
  /// The folder of a path's last component.
  package static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  /// The name behind a chain of symbolic links; it need not exist.
  ///
  /// - Throws: `FileError.cannotWrite` where the links form a cycle.
  package static func destination(of path: String) throws(FileError) -> String {
    var current = path
    for _ in 0..<40 {
      var status = stat()
      guard unsafe lstat(onDisk(current), &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return current }
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let length = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe readlink(onDisk(current), bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
      }
      guard length > 0 else { throw .cannotWrite(path: path, errno: errno) }
      let link = string(buffer[..<length])
      current = link.utf8.first == UInt8(ascii: "/") ? link : folder(of: current) + "/" + link
    }
    throw .cannotWrite(path: path, errno: ELOOP)
  }
}

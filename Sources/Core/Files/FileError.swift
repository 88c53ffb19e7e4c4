#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An error of reading or writing a file.
public enum FileError: RemediedError, Hashable {
  /// The file to be written exists already, and must not be replaced.
  case alreadyExists(path: String)
  /// The system refused to open or map the file, or to list the folder; `errno` is its error number.
  case cannotOpen(path: String, errno: Int32)
  /// The system refused to create, write, name or remove the file or folder; `errno` is its error number.
  case cannotWrite(path: String, errno: Int32)
  /// The path is a folder, where a file is expected.
  case isDirectory(path: String)
  /// The file is larger than allowed.
  case limit(path: String, LimitExcess)
  /// The path is a device, a pipe or a socket, where a regular file is expected.
  case notRegular(path: String)

  /// The path and the problem, with advice where there is any.
  public var problem: String {
    switch self {
    case .alreadyExists(let path): return "\(path): exists already; remove it first or choose another name"
    case .cannotOpen(let path, let code):
      return "\(path): cannot open the file: \(Self.reason(code)); check the path and its permissions"
    case .cannotWrite(let path, let code):
      return
        "\(path): cannot write the file: \(Self.reason(code)); check the folder, its permissions and the free space"
    case .isDirectory(let path): return "\(path): is a directory, expected a file; name one file in it"
    case .limit(let path, let excess): return "\(path): \(excess.problem)"
    case .notRegular(let path): return "\(path): is not a regular file; copy its contents to a file first"
    }
  }

  /// Raising the limit that was exceeded; `nil` for the other errors.
  public var remedy: Remedy? { if case .limit(_, let excess) = self { excess.remedy } else { nil } }

  /// The file or folder at fault.
  public var path: String {
    switch self {
    case .alreadyExists(let path), .cannotOpen(let path, _), .cannotWrite(let path, _), .isDirectory(let path),
      .limit(let path, _), .notRegular(let path):
      return path
    }
  }

  /// The system's message for an error number.
  package static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

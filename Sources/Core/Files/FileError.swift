#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An error of reading or writing a file.
public enum FileError: RemediedError, Hashable {
  case alreadyExists(path: String)
  case cannotOpen(path: String, errno: Int32)
  case cannotWrite(path: String, errno: Int32)
  case isDirectory(path: String)
  /// The file is larger than allowed.
  case limit(path: String, LimitExcess)
  case notRegular(path: String)

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

import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The identity of the file at a path.
///
/// Two paths of one file are equal, whatever links or dots they contain, even if the file does not exist yet.
struct FilePlace: Hashable {
  enum Kind { case regular, folder, other, absent }

  let kind: Kind
  private let device, inode: UInt64
  /// The path's parts behind the nearest existing folder, if the file does not exist yet.
  private let rest: [Substring]

  init(_ path: String) {
    var place = path
    var rest: [Substring] = []
    var found = FilePlace.status(of: place)
    let exists = found != nil
    // A dangling link stands for its destination, where the file will be made.
    if !exists, let destination = try? FilePath.destination(of: path) { place = destination }
    while found == nil {
      rest = FilePlace.name(of: place).split(separator: "/").filter { $0 != "." } + rest
      let parent = FilePlace.folder(of: place)
      if parent == place { break }
      place = parent
      found = FilePlace.status(of: place)
    }
    kind = exists ? found?.0 ?? .absent : .absent
    (device, inode) = (found?.1 ?? 0, found?.2 ?? 0)
    self.rest = rest
  }

  /// The kind of file at a path.
  static func kind(of path: String) -> Kind { status(of: path)?.0 ?? .absent }

  private static func status(of path: String) -> (Kind, UInt64, UInt64)? {
    var status = stat()
    guard unsafe stat(FilePath.onDisk(path), &status) == 0 else { return nil }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .other
      }
    return (kind, UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
  }

  /// The folder of a path's last part.
  static func folder(of path: String) -> String { FilePath.folder(of: path) }

  /// The last part of a path.
  static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// The last part without its extension; a name that only begins with a dot is kept.
  static func stem(of path: String) -> String {
    let name = name(of: path)
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.utf8.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The part of the name after its last dot, in lower case; empty without a dot.
  static func fileExtension(of path: String) -> String {
    let name = name(of: path)
    return String(name.dropFirst(stem(of: path).count + 1)).lowercased()
  }

  /// Checks before any work is done that files can be made in a folder.
  ///
  /// - Returns: the error number, or `nil` if they can.
  static func refusal(toWriteIn folder: String) -> Int32? {
    guard let found = status(of: folder) else { return errno }
    guard found.0 == .folder else { return ENOTDIR }
    return unsafe access(FilePath.onDisk(folder), W_OK | X_OK) == 0 ? nil : errno
  }
}

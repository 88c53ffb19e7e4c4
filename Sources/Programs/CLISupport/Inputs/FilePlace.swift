import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a path leads: two paths to one file are found equal, whatever links or dots they use, even to one that is not there.
struct FilePlace: Hashable {
  enum Kind { case regular, folder, other, absent }

  let kind: Kind
  private let device, inode: UInt64
  /// What follows the nearest folder that exists, where the file is not there yet.
  private let rest: [Substring]

  init(_ path: String) {
    var place = path
    var rest: [Substring] = []
    var found = FilePlace.status(of: place)
    let exists = found != nil
    // A link to what is not there yet leads to where it will be.
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

  private static func status(of path: String) -> (Kind, UInt64, UInt64)? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .other
      }
    return (kind, UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
  }

  /// The folder that a path's last part is in.
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

  /// What follows the last dot of the last part, in lower case; empty without one.
  static func fileExtension(of path: String) -> String {
    let name = name(of: path)
    return String(name.dropFirst(stem(of: path).count + 1)).lowercased()
  }

  /// Whether files can be made in a folder, before any work is done for them; the error number where not.
  static func refusal(toWriteIn folder: String) -> Int32? {
    guard let found = status(of: folder) else { return errno }
    guard found.0 == .folder else { return ENOTDIR }
    return unsafe access(folder, W_OK | X_OK) == 0 ? nil : errno
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders, and what is in them.
public enum Folder {
  /// Makes a folder and those that it is in; one that is there already is fine.
  ///
  /// - Throws: `FileError.cannotWrite`.
  public static func make(_ path: String) throws(FileError) {
    if unsafe mkdir(path, 0o777) == 0 || isFolder(path) { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.utf8.startIndex else {
      throw .cannotWrite(path: path, errno: errno)
    }
    try make(String(path[..<slash]))
    guard unsafe mkdir(path, 0o777) == 0 || isFolder(path) else { throw .cannotWrite(path: path, errno: errno) }
  }

  /// The names of what is in a folder, hidden ones left out, in the order of their bytes.
  ///
  /// - Throws: `FileError.cannotOpen`.
  public static func names(in path: String) throws(FileError) -> [String] {
    guard let folder = unsafe opendir(path) else { throw .cannotOpen(path: path, errno: errno) }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.utf8.first != UInt8(ascii: ".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Runs with an empty folder inside another one, which is removed with the files and folders in it at the end.
  ///
  /// - Throws: `FileError` when the folder cannot be made, and whatever the closure throws, as `E`.
  public static func withTemporary<R, E: Error>(
    in parent: String, _ refused: (FileError) -> E, _ body: (String) throws(E) -> R
  ) throws(E) -> R {
    let path = "\(parent)/.tmp-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    guard unsafe mkdir(path, 0o700) == 0 else { throw refused(.cannotWrite(path: path, errno: errno)) }
    defer { remove(path) }
    return try body(path)
  }

  /// Whether there is a folder of that name.
  public static func isFolder(_ path: String) -> Bool {
    let code = errno
    defer { errno = code }
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func remove(_ path: String) {
    guard let folder = unsafe opendir(path) else { return }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    unsafe closedir(folder)
    for name in names {
      let full = "\(path)/\(name)"
      var status = stat()
      guard unsafe lstat(full, &status) == 0 else { continue }
      // A link is removed, never what it leads to.
      if status.st_mode & S_IFMT == S_IFDIR { remove(full) } else { unsafe unlink(full) }
    }
    unsafe rmdir(path)
  }
}

/// The process's environment.
public enum Environment {
  /// A variable's value; `nil` where it is missing or empty.
  public static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    let value = unsafe String(cString: text)
    return value.isEmpty ? nil : value
  }
}

extension Folder {
  /// Removes a file; one that is not there is fine.
  ///
  /// - Throws: `FileError.cannotWrite`.
  public static func removeFile(_ path: String) throws(FileError) {
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .cannotWrite(path: path, errno: errno) }
  }

  /// Size and time of change of a file, as a text that changes when the file does; empty where it is not there.
  public static func stamp(_ path: String) -> String {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return "" }
    #if canImport(Darwin)
      return "\(status.st_size) \(status.st_mtimespec.tv_sec).\(status.st_mtimespec.tv_nsec)"
    #else
      return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    #endif
  }
}

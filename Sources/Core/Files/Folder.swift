#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Operations on folders.
package enum Folder {
  /// Creates a folder with its parents, where it does not exist.
  ///
  /// - Throws: `FileError.cannotWrite`.
  package static func make(_ path: String) throws(FileError) {
    if unsafe mkdir(FilePath.onDisk(path), 0o777) == 0 || isFolder(path) { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.utf8.startIndex else {
      throw .cannotWrite(path: path, errno: errno)
    }
    try make(String(path[..<slash]))
    guard unsafe mkdir(FilePath.onDisk(path), 0o777) == 0 || isFolder(path) else {
      throw .cannotWrite(path: path, errno: errno)
    }
  }

  /// The names in a folder without hidden ones, in the order of their bytes.
  ///
  /// - Throws: `FileError.cannotOpen`.
  package static func names(in path: String) throws(FileError) -> [String] {
    try names(in: path, hidden: false).sorted()
  }

  /// The names in no particular order, with hidden ones on demand.
  static func names(in path: String, hidden: Bool) throws(FileError) -> [String] {
    guard let folder = unsafe opendir(FilePath.onDisk(path)) else { throw .cannotOpen(path: path, errno: errno) }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe FilePath.string(bytes.prefix { $0 != 0 })
      }
      if name == "." || name == ".." { continue }
      if hidden || name.utf8.first != UInt8(ascii: ".") { names.append(name) }
    }
    return names
  }

  /// Runs `body` with a new temporary folder inside another one, and removes it with its contents at the end.
  ///
  /// The temporary folder of a killed process is removed by the next process that writes into the outer one.
  ///
  /// - Throws: `FileError` when the folder cannot be made, and whatever the closure throws, as `E`.
  package static func withTemporary<R, E: Error>(
    in parent: String, _ refused: (FileError) -> E, _ body: (String) throws(E) -> R
  ) throws(E) -> R {
    StrayFiles.clear(parent)
    let (path, descriptor): (String, Int32)
    do throws(FileError) { (path, descriptor) = try makeTemporary(in: parent) } catch { throw refused(error) }
    defer {
      removeAll(path)
      close(descriptor)
    }
    return try body(path)
  }

  /// A new temporary folder, and a descriptor that holds it.
  private static func makeTemporary(in parent: String) throws(FileError) -> (String, Int32) {
    for _ in 0..<100 {
      let path = StrayFiles.newPath(in: parent)
      if unsafe mkdir(FilePath.onDisk(path), 0o700) != 0 {
        if errno == EEXIST { continue }
        throw .cannotWrite(path: path, errno: errno)
      }
      let descriptor = unsafe open(FilePath.onDisk(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else {
        let code = errno
        unsafe rmdir(FilePath.onDisk(path))
        if code == ENOENT { continue }
        throw .cannotWrite(path: path, errno: code)
      }
      if StrayFiles.hold(descriptor, at: path) { return (path, descriptor) }
      // Another process has removed it as a stray before it was locked.
      close(descriptor)
    }
    throw .cannotWrite(path: parent, errno: EEXIST)
  }

  /// Whether there is a folder of that name.
  package static func isFolder(_ path: String) -> Bool {
    let code = errno
    defer { errno = code }
    var status = stat()
    return unsafe stat(FilePath.onDisk(path), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a folder with everything in it, as far as that is possible.
  static func removeAll(_ path: String) {
    for name in (try? names(in: path, hidden: true)) ?? [] {
      let full = "\(path)/\(name)"
      var status = stat()
      guard unsafe lstat(FilePath.onDisk(full), &status) == 0 else { continue }
      // A link is removed, never its destination.
      if status.st_mode & S_IFMT == S_IFDIR { removeAll(full) } else { unsafe unlink(FilePath.onDisk(full)) }
    }
    unsafe rmdir(FilePath.onDisk(path))
  }
}

/// The process's environment.
package enum Environment {
  /// A variable's value; `nil` where it is missing or empty.
  package static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    let value = unsafe String(cString: text)
    return value.isEmpty ? nil : value
  }
}

extension Folder {
  /// Removes a file, where it exists.
  ///
  /// - Throws: `FileError.cannotWrite`.
  package static func removeFile(_ path: String) throws(FileError) {
    guard unsafe unlink(FilePath.onDisk(path)) == 0 || errno == ENOENT else {
      throw .cannotWrite(path: path, errno: errno)
    }
  }

  /// A file's size and time of change, as a text that changes with the file; empty where it does not exist.
  package static func stamp(_ path: String) -> String {
    var status = stat()
    guard unsafe stat(FilePath.onDisk(path), &status) == 0 else { return "" }
    #if canImport(Darwin)
      return "\(status.st_size) \(status.st_mtimespec.tv_sec).\(status.st_mtimespec.tv_nsec)"
    #else
      return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    #endif
  }
}

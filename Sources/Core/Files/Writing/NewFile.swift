#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is being written and does not have its name yet.
///
/// Where the system supports it, the file has no name at all, and a killed process leaves nothing. Otherwise it has a
/// temporary name in the same folder and is locked, so that the next writer can recognise a stray. In both cases an
/// existing file can only be replaced by renaming, so the new file has a temporary name for the moment between two
/// system calls.
struct NewFile {
  let descriptor: Int32
  private let folder: String
  /// The path in messages.
  private let path: String
  /// `nil` for a file without a name.
  private let temporary: String?

  /// - Parameters:
  ///   - target: the final name, not a symbolic link.
  ///   - path: the caller's path, for messages.
  /// - Throws: `FileError.cannotWrite`.
  init(for target: String, named path: String) throws(FileError) {
    folder = FilePath.folder(of: target)
    self.path = path
    StrayFiles.clear(folder)
    if let descriptor = NewFile.nameless(in: folder) {
      (self.descriptor, temporary) = (descriptor, nil)
    } else {
      let (descriptor, temporary) = try NewFile.named(in: folder, for: path)
      (self.descriptor, self.temporary) = (descriptor, temporary)
    }
  }

  /// Forces the bytes to the disk.
  func force() throws(FileError) {
    // A file system without fsync (EINVAL) has nothing to force.
    if fsync(descriptor) != 0 && errno != EINVAL { throw .cannotWrite(path: path, errno: errno) }
  }

  /// Gives the file its name and closes it.
  ///
  /// - Throws: `FileError`; it is then abandoned.
  func take(name target: String, replacing: Bool) throws(FileError) {
    do throws(FileError) {
      if let temporary {
        try NewFile.move(temporary, to: target, replacing: replacing, for: path)
      } else {
        try name(target, replacing: replacing)
      }
    } catch {
      abandon()
      throw error
    }
    // This releases the lock, which is no longer needed.
    close(descriptor)
    synchroniseFolder()
  }

  /// Discards the file.
  func abandon() {
    if let temporary { unsafe unlink(FilePath.onDisk(temporary)) }
    close(descriptor)
  }

  /// The path of an open file, which `linkat` follows to the file itself.
  private static func openPath(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  private static func nameless(in folder: String) -> Int32? {
    #if os(Linux)
      // O_TMPFILE, a macro that Swift does not import.
      let flag = 0o20000000 | O_DIRECTORY
      // Without /proc the file can't be named later.
      guard unsafe access("/proc/self/fd", X_OK) == 0 else { return nil }
      let descriptor = unsafe open(FilePath.onDisk(folder), flag | O_WRONLY | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { return nil }
      var status = stat()
      // Kernels before 6.0 forget the umask here on some file systems; with a umask of zero both ways are as good.
      if unsafe fstat(descriptor, &status) == 0, status.st_mode & 0o777 != 0o666 { return descriptor }
      close(descriptor)
    #endif
    return nil
  }

  private static func named(in folder: String, for path: String) throws(FileError) -> (Int32, String) {
    for _ in 0..<100 {
      let name = StrayFiles.newPath(in: folder)
      let descriptor = unsafe open(FilePath.onDisk(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        if StrayFiles.hold(descriptor, at: name) { return (descriptor, name) }
        close(descriptor)
        continue
      }
      guard errno == EEXIST || errno == EINTR else { throw .cannotWrite(path: path, errno: errno) }
    }
    throw .cannotWrite(path: path, errno: EEXIST)
  }

  /// Names a file that has no name.
  private func name(_ target: String, replacing: Bool) throws(FileError) {
    func link(as name: String) -> Bool {
      unsafe linkat(AT_FDCWD, NewFile.openPath(descriptor), AT_FDCWD, FilePath.onDisk(name), AT_SYMLINK_FOLLOW) == 0
    }
    if link(as: target) { return }
    guard errno == EEXIST else { throw .cannotWrite(path: path, errno: errno) }
    guard replacing else { throw .alreadyExists(path: path) }
    // Locked before it becomes visible.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    for _ in 0..<100 {
      let temporary = StrayFiles.newPath(in: folder)
      if link(as: temporary) {
        do throws(FileError) { return try NewFile.move(temporary, to: target, replacing: true, for: path) } catch {
          unsafe unlink(FilePath.onDisk(temporary))
          throw error
        }
      }
      guard errno == EEXIST else { break }
    }
    throw .cannotWrite(path: path, errno: errno)
  }

  private static func move(
    _ temporary: String, to target: String, replacing: Bool, for path: String
  ) throws(FileError) {
    if !replacing {
      // A hard link, unlike a rename, refuses to replace a file that another process has created in the meantime.
      if unsafe link(FilePath.onDisk(temporary), FilePath.onDisk(target)) == 0 {
        unsafe unlink(FilePath.onDisk(temporary))
        return
      }
      if errno == EEXIST { throw .alreadyExists(path: path) }
      guard errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK else {
        throw .cannotWrite(path: path, errno: errno)
      }
    }
    guard unsafe rename(FilePath.onDisk(temporary), FilePath.onDisk(target)) == 0 else {
      throw .cannotWrite(path: path, errno: errno)
    }
  }

  /// Forces the folder's new entry to the disk.
  ///
  /// The file is complete either way, so a failure is not an error.
  private func synchroniseFolder() {
    let descriptor = unsafe open(FilePath.onDisk(folder), O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }
}

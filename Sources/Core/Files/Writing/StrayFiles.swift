import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Temporary files and folders, and the removal of strays left by killed processes.
///
/// A process locks its temporary files, and the system releases the locks when the process ends, however it ends. An
/// unlocked one is therefore a stray, and the next process that writes into its folder removes it. A process number in
/// the name would not suffice: numbers are reused, and containers that share a disk have equal ones.
enum StrayFiles {
  private static let prefix = ".tmp-backbone-"
  private static let digits = 16
  /// Folders that this process has cleared already, since it leaves no strays while it runs.
  private static let cleared = Mutex<Set<String>>([])

  /// A path in the folder for a temporary file or folder, hidden so that no pattern picks it up.
  static func newPath(in folder: String) -> String {
    let number = String(UInt64.random(in: 0 ... .max), radix: 16)
    return "\(folder)/\(prefix)\(String(repeating: "0", count: digits - number.count))\(number)"
  }

  /// Locks an open file or folder until it is closed.
  ///
  /// - Returns: whether it still exists under the path, since another process may have removed it as a stray before it
  ///   was locked. On a file system without locks strays can't be recognised, so nothing is removed.
  static func hold(_ descriptor: Int32, at path: String) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK { return false }
    guard let own = status(of: descriptor) else { return true }
    var found = stat()
    return unsafe lstat(FilePath.onDisk(path), &found) == 0 && found.st_ino == own.st_ino && found.st_dev == own.st_dev
  }

  /// Removes the strays of a folder, at the first write into it.
  ///
  /// - Complexity: O(entries of the folder).
  static func clear(_ folder: String) {
    guard cleared.withLock({ $0.insert(folder).inserted }) else { return }
    for name in (try? Folder.names(in: folder, hidden: true)) ?? [] where isTemporary(name) {
      removeIfStray("\(folder)/\(name)")
    }
  }

  private static func isTemporary(_ name: String) -> Bool {
    let name = name.utf8
    return name.count == prefix.utf8.count + digits && name.starts(with: prefix.utf8)
      && name.dropFirst(prefix.utf8.count).allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }

  private static func removeIfStray(_ path: String) {
    let descriptor = unsafe open(FilePath.onDisk(path), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Another user's files are left alone: one of this name in a shared folder need not be a temporary file.
    guard let found = status(of: descriptor), found.st_uid == geteuid() else { return }
    // A locked file is in use and may be about to get its name; after that its temporary path no longer exists.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
    switch found.st_mode & S_IFMT {
    case S_IFREG: unsafe unlink(FilePath.onDisk(path))
    case S_IFDIR: Folder.removeAll(path)
    default: break
    }
  }

  private static func status(of descriptor: Int32) -> stat? {
    var found = stat()
    return unsafe fstat(descriptor, &found) == 0 ? found : nil
  }
}

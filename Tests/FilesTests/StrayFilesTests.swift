import Files
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The locking and removal of temporary files.
@Suite struct StrayFilesTests {
  let folder = try! TemporaryFolder()
  var target: String { "\(folder.path)/target" }
  private static let stray = ".tmp-backbone-00000000deadbeef"

  /// A process with an unnamed file leaves no file, however it ends.
  #if os(Linux)
    @Test func aFileThatIsBeingWrittenHasNoName() throws {
      for replaced in [false, true] {
        if replaced { _ = try folder.file("target", [9]) }
        try AtomicFile.write(to: target) { (sink: inout FileSink) throws(FileError) in
          try sink.append([1, 2, 3])
          #expect(folder.names == (replaced ? ["target"] : []))
        }
        #expect(folder.names == ["target"])
      }
    }
  #endif

  /// A umask of zero selects the method for file systems without unnamed files; in its own process.
  @Test func aFileThatNeedsATemporaryNameIsLocked() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let target = "\(folder.path)/target"
      umask(0)
      for replacing in [true, true, false] {
        if !replacing { unsafe unlink(target) }
        try AtomicFile.write(to: target, replacing: replacing) { (sink: inout FileSink) throws(FileError) in
          try sink.append([1, 2, 3])
          let hidden = folder.names.filter { $0.hasPrefix(".tmp-backbone-") }
          #expect(hidden.count == 1)
          let descriptor = unsafe open("\(folder.path)/\(hidden[0])", O_RDONLY)
          #expect(flock(descriptor, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK)
          close(descriptor)
        }
        #expect(folder.names == ["target"])
      }
      let failure = FileError.cannotWrite(path: target, errno: ENOSPC)
      #expect(throws: failure) {
        try AtomicFile.write(to: target) { (sink: inout FileSink) throws(FileError) in
          try sink.append([4])
          throw failure
        }
      }
      #expect(throws: FileError.alreadyExists(path: target)) {
        try AtomicFile.write(to: target, replacing: false) { (_: inout FileSink) throws(FileError) in }
      }
      #expect(folder.names == ["target"])
      #expect(try MappedFile(path: target, limit: 10).count == 3)
    }
  }

  @Test func straysGoWithTheFirstWrite() throws {
    let others = [".tmp-backbone-00000000deadbee", ".tmp-backbone-00000000DEADBEEF", ".tmp-1-abc", "x.tmp"]
    for name in others + [Self.stray] { _ = try folder.file(name, [1]) }
    try AtomicFile.write([1], to: target)
    #expect(folder.names == (others + ["target"]).sorted())
  }

  @Test func straysThatAreFoldersGoWithAllThatIsInThem() throws {
    try Folder.make("\(folder.path)/\(Self.stray)/deep/er")
    let kept = try folder.file("kept", [7])
    #expect(unsafe symlink(kept, "\(folder.path)/\(Self.stray)/deep/link") == 0)
    try Folder.withTemporary(in: folder.path, { $0 }) { (path) throws(FileError) in
      #expect(folder.names.count == 2 && !folder.names.contains(Self.stray))
      // Another write does not remove the file in use.
      try AtomicFile.write([1], to: "\(path)/inside")
      try AtomicFile.write([1], to: target)
      #expect(Folder.isFolder(path))
    }
    #expect(folder.names == ["kept", "target"])
  }

  @Test func oneThatIsInUseStays() throws {
    let used = try folder.file(Self.stray, [1])
    let descriptor = unsafe open(used, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX) == 0)
    try AtomicFile.write([1], to: target)
    #expect(folder.names == [Self.stray, "target"])
  }

  @Test func aLinkOrAPipeOfThatNameStays() throws {
    let kept = try folder.file("kept", [7])
    #expect(unsafe symlink(kept, "\(folder.path)/\(Self.stray)") == 0)
    #expect(unsafe mkfifo("\(folder.path)/.tmp-backbone-00000000deadbee0", 0o600) == 0)
    try AtomicFile.write([1], to: target)
    #expect(folder.names.count == 4)
  }

  /// Writers do not wait for each other, and new stray files appear all the time.
  @Test func manyWritersOfOneNameLeaveOneWholeFile() async throws {
    let (path, target) = (folder.path, target)
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for round in 0..<40 {
            let bytes = [UInt8](repeating: UInt8(writer), count: 1000 + writer)
            do { try AtomicFile.write(bytes, to: target) } catch { Issue.record(error) }
            // Another path of the folder, so that its stray files are removed again.
            let alias = path + String(repeating: "/.", count: writer * 40 + round + 1)
            do { try AtomicFile.write([1], to: "\(alias)/other\(writer)") } catch { Issue.record(error) }
          }
        }
      }
    }
    let file = try MappedFile(path: target, limit: 1 << 20)
    let bytes = try #require(file.array(at: 0, count: file.count))
    #expect(bytes.count == 1000 + Int(bytes[0]) && Set(bytes).count == 1)
    #expect(folder.names == (0..<8).map { "other\($0)" } + ["target"])
  }
}

@Suite struct PlacedFileTests {
  let folder = try! TemporaryFolder()
  var target: String { "\(folder.path)/target" }

  @Test func partsComeInAnyOrderAndTheNameComesLast() throws {
    _ = try folder.file("target", [9])
    let file = try PlacedFile(creating: target, size: 6)
    try file.write([5, 6], at: 4)
    try file.write([1, 2], at: 0)
    #expect(try MappedFile(path: target, limit: 10).array(at: 0, count: 1) == [9])
    try file.finish()
    #expect(try MappedFile(path: target, limit: 10).array(at: 0, count: 6) == [1, 2, 0, 0, 5, 6])
    #expect(folder.names == ["target"])
  }

  @Test func whatIsGivenUpLeavesTheOldFile() throws {
    _ = try folder.file("target", [9])
    do {
      let file = try PlacedFile(creating: target, size: 6)
      try file.write([5, 6], at: 4)
    }
    #expect(try MappedFile(path: target, limit: 10).array(at: 0, count: 1) == [9])
    #expect(folder.names == ["target"])
    #expect(throws: FileError.isDirectory(path: folder.path)) { try PlacedFile(creating: folder.path, size: 1) }
    #expect(throws: FileError.notRegular(path: "/dev/null")) { try PlacedFile(creating: "/dev/null", size: 1) }
  }
}

import Files
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct AtomicFileTests {
  let folder = try! TemporaryFolder()
  var target: String { "\(folder.path)/target" }

  private func contents(_ path: String) throws -> [UInt8] {
    let file = try MappedFile(path: path, limit: 1 << 20)
    return file.array(at: 0, count: file.count)!
  }

  @Test func aNewFileHasAllBytesAndNothingElseIsLeft() throws {
    try AtomicFile.write([1, 2, 3], to: target)
    #expect(try contents(target) == [1, 2, 3])
    #expect(folder.names == ["target"])
  }

  @Test func anOldFileIsReplaced() throws {
    _ = try folder.file("target", [9, 9, 9, 9])
    try AtomicFile.write([1], to: target)
    #expect(try contents(target) == [1])
    #expect(folder.names == ["target"])
  }

  @Test func anOldFileIsKeptWhereReplacingIsForbidden() throws {
    _ = try folder.file("target", [9])
    #expect(throws: FileError.alreadyExists(path: target)) { try AtomicFile.write([1], to: target, replacing: false) }
    #expect(try contents(target) == [9])
    #expect(folder.names == ["target"])
    try AtomicFile.write([1], to: "\(folder.path)/other", replacing: false)
    #expect(folder.names == ["other", "target"])
  }

  @Test func whatFailsHalfWayLeavesTheOldFileAndNoTemporaryOne() throws {
    _ = try folder.file("target", [9])
    let failure = FileError.cannotWrite(path: target, errno: ENOSPC)
    #expect(throws: failure) {
      try AtomicFile.write(to: target) { (sink: inout FileSink) throws(FileError) in
        try sink.append([1, 2, 3])
        throw failure
      }
    }
    #expect(try contents(target) == [9])
    #expect(folder.names == ["target"])
  }

  @Test func piecesArriveInOrder() throws {
    try AtomicFile.write(to: target) { (sink: inout FileSink) throws(FileError) in
      for i in 0..<10 { try sink.append([UInt8(i)]) }
      try sink.append([])
    }
    #expect(try contents(target) == Array(0..<10))
  }

  @Test func aSymbolicLinkStaysAndItsTargetIsReplaced() throws {
    _ = try folder.file("real", [9])
    #expect(unsafe symlink("real", target) == 0)
    try AtomicFile.write([1], to: target)
    #expect(try contents("\(folder.path)/real") == [1])
    var status = stat()
    #expect(unsafe lstat(target, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(folder.names == ["real", "target"])
  }

  @Test func aDanglingLinkMakesItsTarget() throws {
    #expect(unsafe symlink("new", target) == 0)
    try AtomicFile.write([1], to: target)
    #expect(try contents("\(folder.path)/new") == [1])
  }

  @Test func linksInACircleAreRefused() throws {
    #expect(unsafe symlink("target", "\(folder.path)/a") == 0)
    #expect(unsafe symlink("a", target) == 0)
    #expect(throws: FileError.cannotWrite(path: target, errno: ELOOP)) { try AtomicFile.write([1], to: target) }
    #expect(folder.names == ["a", "target"])
  }

  @Test func directoriesAndMissingFoldersAreRefused() {
    #expect(throws: FileError.isDirectory(path: folder.path)) { try AtomicFile.write([1], to: folder.path) }
    let lost = "\(folder.path)/no/such/file"
    #expect(throws: FileError.cannotWrite(path: lost, errno: ENOENT)) { try AtomicFile.write([1], to: lost) }
    #expect(throws: FileError.cannotWrite(path: "", errno: ENOENT)) { try AtomicFile.write([1], to: "") }
  }

  @Test func devicesAreWrittenDirectly() throws {
    try AtomicFile.write([1, 2, 3], to: "/dev/null")
    #expect(throws: FileError.cannotWrite(path: "/dev/full", errno: ENOSPC)) {
      try AtomicFile.write([1], to: "/dev/full")
    }
  }

  @Test func theModeIsThatOfAnyNewFile() throws {
    try AtomicFile.write([1], to: target)
    let mask = umask(0)
    umask(mask)
    var status = stat()
    #expect(unsafe stat(target, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o666 & ~mask)
  }

  @Test func longNamesAndNamesWithNewlinesWork() throws {
    let name = String(repeating: "x", count: 254) + "\n"
    try AtomicFile.write([1], to: "\(folder.path)/\(name)")
    #expect(folder.names == [name])
  }
}

import Files
import Testing

@Suite struct FolderTests {
  let folder = try! TemporaryFolder()

  @Test func foldersAreMadeWithTheirParents() throws {
    try Folder.withTemporary(in: folder.path, { $0 }) { (path) throws(FileError) in
      try Folder.make("\(path)/a/b/c")
      #expect(Folder.isFolder("\(path)/a/b/c"))
      try Folder.make("\(path)/a/b/c")
      try AtomicFile.write([1], to: "\(path)/a/b/file")
      #expect(throws: FileError.self) { try Folder.make("\(path)/a/b/file/d") }
      #expect(try Folder.names(in: "\(path)/a/b") == ["c", "file"])
    }
    #expect(folder.names.isEmpty)
  }

  @Test func theTemporaryFolderIsRemovedAfterAFailureToo() {
    let failure = FileError.notRegular(path: "x")
    #expect(throws: failure) {
      try Folder.withTemporary(in: folder.path, { $0 }) { (path) throws(FileError) in
        try Folder.make("\(path)/deep/er")
        throw failure
      }
    }
    #expect(folder.names.isEmpty)
    let refused = #expect(throws: FileError.self) {
      try Folder.withTemporary(in: "/nonexistent", { $0 }) { (_) throws(FileError) in }
    }
    #expect(refused.map { "\($0)".contains("No such file") } == true)
  }
}

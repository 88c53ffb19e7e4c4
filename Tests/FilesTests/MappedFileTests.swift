import Files
import Testing

@Suite struct MappedFileTests {
  @Test func aMissingFileIsNamed() {
    #expect(throws: FileError.cannotOpen(path: "/nonexistent", errno: 2)) {
      try MappedFile(path: "/nonexistent", limit: 10)
    }
  }

  @Test func aDirectoryIsRefused() {
    #expect(throws: FileError.isDirectory(path: "/")) { try MappedFile(path: "/", limit: 10) }
  }

  @Test func aDeviceIsRefused() {
    #expect(throws: FileError.notRegular(path: "/dev/null")) { try MappedFile(path: "/dev/null", limit: 10) }
  }

  @Test func theLimitIsInclusive() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("five", [1, 2, 3, 4, 5])
    #expect(try MappedFile(path: path, limit: 5).array(at: 0, count: 5) == [1, 2, 3, 4, 5])
    #expect(throws: FileError.limit(path: path, LimitExcess(limit: .fileBytes, allowed: 4, found: 5))) {
      try MappedFile(path: path, limit: 4)
    }
  }

  @Test func anEmptyFileHasNoBytes() throws {
    let folder = try TemporaryFolder()
    let file = try MappedFile(path: try folder.file("empty", []), limit: 10)
    #expect(file.count == 0)
    #expect(file.integer(at: 0, as: UInt8.self) == nil)
    #expect(file.array(at: 0, count: 0) == [])
  }

  @Test func aCopyReadsLikeAFile() throws {
    let file = try MappedFile(path: "name", copying: [9, 8, 7])
    #expect(file.path == "name")
    #expect(file.array(at: 1, count: 2) == [8, 7])
    #expect(try MappedFile(path: "none", copying: []).count == 0)
  }
}

@Suite struct LittleEndianTests {
  let file = try! MappedFile(path: "bytes", copying: [0x01, 0x02, 0x03, 0x04, 0x00, 0x00, 0xc0, 0x3f, 0xff])

  @Test func integersAreLittleEndianAtAnyAlignment() {
    #expect(file.integer(at: 0, as: UInt32.self) == 0x0403_0201)
    #expect(file.integer(at: 1, as: UInt16.self) == 0x0302)
    #expect(file.integer(at: 8, as: Int8.self) == -1)
    #expect(file.integer(at: 1, as: UInt64.self) == 0xff3f_c000_0004_0302)
  }

  @Test(arguments: [-1, 6, 9, Int.max, Int.min]) func nothingIsReadOutside(offset: Int) {
    #expect(file.integer(at: offset, as: UInt32.self) == nil)
    #expect(file.array(at: offset, count: 4) == nil)
    #expect(file.floats(at: offset, count: 1) == nil)
  }

  @Test func countsAreCheckedToo() {
    #expect(file.array(at: 0, count: -1) == nil)
    #expect(file.array(at: 1, count: Int.max) == nil)
    #expect(file.floats(at: 0, count: Int.max) == nil)
    #expect(file.floats(at: 4, count: 1) == [1.5])
    #expect(file.floats(at: 9, count: 0) == [])
  }
}

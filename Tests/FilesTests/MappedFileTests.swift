import Files
import Testing

@Suite struct MappedFileTests {
  @Test func aMissingFileIsNamed() {
    #expect(throws: FileError.cannotOpen(path: "/nonexistent", errno: 2)) { try MappedFile(path: "/nonexistent", limit: 10) }
  }
  @Test func aDirectoryIsRefused() {
    #expect(throws: FileError.isDirectory(path: "/")) { try MappedFile(path: "/", limit: 10) }
  }
}

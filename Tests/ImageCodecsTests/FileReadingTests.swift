import Files
import ImageCodecs
import ImageTypes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct FileReadingTests {
  private func refusal(at path: String, limits: Limits = .standard) -> ImageError? {
    do {
      _ = try ImageFile.read(path: path, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  @Test func readsByContentNotByName() throws {
    try TestData.withTemporaryFolder { folder in
      try write(Fixture.jpeg("gray"), to: folder + "/picture.png")
      try write(Fixture.png("type0-depth8"), to: folder + "/picture.jpg")
      #expect(try ImageFile.read(path: folder + "/picture.png").width == 27)
      #expect(try ImageFile.read(path: folder + "/picture.jpg").width == 13)
    }
  }

  @Test func eachMistakeHasItsOwnLine() throws {
    try TestData.withTemporaryFolder { folder in
      try write(Array("not a picture".utf8), to: folder + "/text.png")
      try write([], to: folder + "/empty.png")
      try write(Array(Fixture.png("type0-depth8").dropLast(20)), to: folder + "/cut.png")
      let lines = ["missing.png", "text.png", "empty.png", "cut.png", "."].map {
        refusal(at: "\(folder)/\($0)")?.description ?? ""
      }
      let reasons = [
        "No such file or directory", "text beginning \"not a picture\"", "is empty", "truncated PNG", "is a directory",
      ]
      for (line, reason) in zip(lines, reasons) {
        #expect(
          line.hasPrefix(folder) && line.contains(reason) && line.contains("; ") && !line.contains("\n"), "\(line)")
      }
      #expect(Set(lines).count == lines.count)
    }
  }

  @Test func strangePathsStayOnOneLine() throws {
    let line = refusal(at: "/no\nsuch\u{1B}[31m/\u{202E}file")?.description ?? ""
    #expect(line.hasPrefix("/no\\nsuch\\u{1B}[31m/\\u{202E}file: cannot read the file"), "\(line)")
    #expect(refusal(at: "a\0b")?.description.contains("a null character") == true)
    try TestData.withTemporaryFolder { folder in
      let path = folder + "/-- new\nline \u{e9}.png"
      try write(Fixture.png("type0-depth8"), to: path)
      #expect(try ImageFile.read(path: path).width == 13)
    }
  }

  @Test func filesLargerThanTheLimitAreNotRead() throws {
    var limits = Limits()
    limits.fileBytes = 100
    try TestData.withTemporaryFolder { folder in
      let path = folder + "/large.png"
      try write([UInt8](repeating: 0, count: 101), to: path)
      #expect(refusal(at: path, limits: limits) == .limit(file: path, limit: .fileBytes, allowed: 100, found: 101))
    }
  }

  #if os(Linux)
    @Test func streamsAreReadToTheirEndOrTheLimit() throws {
      var limits = Limits()
      limits.fileBytes = 300_000
      // An endless file, which only the limit can stop.
      #expect(
        refusal(at: "/dev/zero", limits: limits)
          == .limit(file: "/dev/zero", limit: .fileBytes, allowed: 300_000, found: 300_001))
      #expect(refusal(at: "/dev/null") == .empty(file: "/dev/null"))
    }

    @Test func pipesAreRead() throws {
      var random = SplitMix64(seed: 5)
      let pixels = (0..<(200 * 300 * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let image = Image(width: 200, height: 300, pixels: pixels)
      let bytes = try PNGEncoder.encode(image)
      // More than a pipe's capacity, so that it is read in parts.
      #expect(bytes.count > 65_536)
      let found = try Pipe.reading(bytes) { try ImageFile.read(path: $0) }
      #expect(found == image)
      let cut = Array(bytes.dropLast(9))
      #expect(throws: ImageError.self) { try Pipe.reading(cut) { try ImageFile.read(path: $0) } }
    }
  #endif
}

import Files
import TestSupport
import Testing

/// Names that are not UTF-8 keep their bytes.
@Suite struct RawNameTests {
  private func bytes(_ path: String) -> [UInt8] { FilePath.onDisk(path).dropLast().map { UInt8(bitPattern: $0) } }

  @Test func everyNameComesBack() {
    var random = SplitMix64(seed: 45)
    var names: [[UInt8]] = [
      [], Array("plain.png".utf8), Array("日本é😀.png".utf8), [0xCF, 0xE0, 0xC6, 0xAC], [0xE2, 0x82], [0xFF, 0xFE],
      Array("\u{EF80}\u{EFFF}\u{EF7F}\u{F000}".utf8), [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    ]
    for _ in 0..<3000 {
      let count = random.integer(in: 1...12)
      names.append(
        (0..<count).map { _ in
          [0x61, 0xC3, 0xA9, 0xEE, 0xBE, 0x80, 0xBF, UInt8(random.integer(in: 1...255))][random.integer(in: 0...7)]
        })
    }
    var strings: Set<String> = []
    for name in names {
      let text = FilePath.string(name)
      #expect(bytes(text) == name, "\(name)")
      strings.insert(text)
    }
    #expect(strings.count == Set(names.map { FilePath.string($0) }).count)
    #expect(FilePath.string(Array("日本é😀.png".utf8)) == "日本é😀.png")
  }

  @Test func bytesAreShown() {
    let name = FilePath.string([0x63, 0x61, 0x66, 0xE9, 0x2E, 0x70, 0x6E, 0x67])
    #expect(FilePath.shown(name) == "caf\\xE9.png" && name.onOneLine == "caf\\xE9.png")
    #expect(FilePath.shown("café.png") == "café.png")
  }
}

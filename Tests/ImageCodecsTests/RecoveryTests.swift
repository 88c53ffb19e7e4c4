import ImageCodecs
import ImageTypes
import TestSupport
import Testing

/// Damage that costs little: `recover` gives the picture and the damage, all else refuses the file.
@Suite struct RecoveryTests {
  typealias PNG = HandmadePNG

  private func recover(_ bytes: [UInt8]) -> RecoveredImage? { try? ImageFile.recover(bytes: bytes, name: "test") }

  private static func jpeg() throws -> [UInt8] {
    try ImageFile.encode(ImageFile.read(path: TestData.sample("astronaut.png")), as: .jpeg(quality: 80))
  }

  @Test func wholeFilesHaveNoDamage() throws {
    for fixture in Fixture.png + Fixture.jpeg {
      let found = try ImageFile.recover(bytes: fixture.bytes)
      #expect(fixture.matches(found.image) && found.damage.isEmpty, "\(fixture.name)")
    }
  }

  @Test func aJPEGWithoutItsEndMarkerIsWhole() throws {
    for name in ["gray", "colour-420", "progressive", "restarts", "exif-6"] {
      let fixture = try #require(Fixture.jpeg.first { $0.name == name })
      let found = try #require(recover(Array(fixture.bytes.dropLast(2))), "\(name)")
      #expect(fixture.matches(found.image) && found.damage.map(\.effect) == [.none], "\(name): \(found.damage)")
      #expect(found.damage.first?.description.contains("no pixel is lost") == true)
      guard case .truncated("test", .jpeg, fixture.bytes.count - 2, _)? = found.damage.first?.error else {
        Issue.record("\(found.damage)")
        continue
      }
    }
  }

  @Test func theRowsOfACutJPEGAreThoseOfTheWhole() throws {
    let bytes = try Self.jpeg()
    let whole = try ImageFile.decode(bytes: bytes)
    let row = whole.width * 3
    var least = Int.max
    for count in stride(from: bytes.count - 3, to: bytes.count / 20, by: -bytes.count / 23) {
      let found = try #require(recover(Array(bytes.prefix(count))))
      guard case .gray(let rows)? = found.damage.first?.effect else {
        Issue.record("\(count) bytes: \(found.damage)")
        continue
      }
      #expect(rows.upperBound == whole.height && rows.lowerBound % 16 == 0 && found.damage.count == 1)
      // Chroma is interpolated between rows, so the row above the missing ones depends on these.
      let good = (rows.lowerBound - 1) * row
      #expect(found.image.pixels[..<good] == whole.pixels[..<good])
      // Below the blocks in which the data end, all is gray; the first row there is interpolated too.
      let gray = min((rows.lowerBound + 17) * row, found.image.pixels.count)
      #expect(found.image.pixels[gray...].allSatisfy { $0 == 128 })
      least = min(least, rows.lowerBound)
    }
    #expect(least < 64, "\(least)")
    // Without a row there is no picture.
    let scan = try #require(bytes.firstRange(of: [0xFF, 0xDA])).upperBound
    for count in [scan + 12, scan + 40] { #expect(recover(Array(bytes.prefix(count))) == nil) }
  }

  @Test func aCutProgressiveJPEGIsCoarse() throws {
    let fixture = try #require(Fixture.jpeg.first { $0.name == "progressive" })
    let scans = fixture.bytes.indices.filter { fixture.bytes[$0...].starts(with: [0xFF, 0xDA]) }
    let found = try #require(recover(Array(fixture.bytes.prefix(scans[scans.count - 1] + 14))))
    guard case .coarse(let rows)? = found.damage.first?.effect else {
      Issue.record("\(found.damage)")
      return
    }
    #expect(
      rows.upperBound == fixture.height && (found.image.width, found.image.height) == (fixture.width, fixture.height))
  }

  @Test func damageInTheMiddleIsSaid() throws {
    var bytes = try Self.jpeg()
    let whole = try ImageFile.decode(bytes: bytes)
    let middle = bytes.count / 2
    bytes.removeSubrange(middle..<middle + 3000)
    let found = try #require(recover(bytes))
    #expect(found.damage.map(\.effect) == [.wrong])
    #expect(found.damage.first?.description.contains("may be shifted, in wrong colours or gray") == true)
    let start = whole.width * 3 * (whole.height / 4)
    #expect(found.image.pixels[..<start] == whole.pixels[..<start])
    guard case .damaged("test", .jpeg, _, _)? = refusal(of: bytes) else {
      Issue.record("\(refusal(of: bytes) as Any)")
      return
    }
  }

  @Test func wrongChecksumsOfSkippedChunksCostNothing() throws {
    let whole = try ImageFile.decode(bytes: PNG.gray())
    for name in ["tEXt", "zTXt", "iTXt", "iCCP", "tIME", "eXIf", "gAMA", "caBX"] {
      var chunk = PNG.chunk(name, Array("some data".utf8))
      chunk[chunk.count - 2] ^= 1
      for bytes in [PNG.gray(before: chunk), PNG.gray(after: chunk)] {
        let found = try #require(recover(bytes), "\(name)")
        #expect(found.image == whole && found.damage.map(\.effect) == [.none])
        #expect(found.damage.first?.error == refusal(of: bytes))
        #expect(found.damage.first?.description.contains("CRC error, in chunk \(name) at byte") == true)
      }
    }
  }

  @Test func wrongLengthsOfSkippedChunksCostNothing() throws {
    let whole = try ImageFile.decode(bytes: PNG.gray())
    for length in [0, 3, 8, 20, 60, 1000, 0x7FFF_FFFF, 0xFFFF_FFFF] {
      var chunk = PNG.chunk("tEXt", Array("a comment".utf8))
      chunk.replaceSubrange(..<4, with: PNG.big(length))
      for bytes in [PNG.gray(before: chunk), PNG.gray(after: chunk)] {
        let found = try #require(recover(bytes), "\(length)")
        #expect(found.image == whole && found.damage.map(\.effect) == [.none], "\(length)")
        #expect(refusal(of: bytes) != nil)
      }
    }
  }

  @Test func theEndOfAPNGMayBeMissing() throws {
    let file = PNG.gray()
    let whole = try ImageFile.decode(bytes: file)
    for count in 1...12 {
      let found = try #require(recover(Array(file.dropLast(count))), "\(count)")
      #expect(found.image == whole && found.damage.count == 1)
    }
    // One byte more is missing in the image data.
    #expect(recover(Array(file.dropLast(13))) == nil)
  }

  @Test func chunksThatDecideThePixelsStayRefused() throws {
    for name in ["type2-depth8", "type3-depth4-transparent", "many-idat"] {
      let bytes = Fixture.png(name)
      var offset = 8
      while offset + 12 <= bytes.count {
        let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        let chunk = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
        var changed = bytes
        changed[offset + 8 + length] ^= 1
        let isNeeded = ["IHDR", "PLTE", "IDAT", "tRNS"].contains(chunk)
        #expect((recover(changed) == nil) == isNeeded, "\(name): \(chunk)")
        offset += 12 + length
      }
    }
  }

  /// Whatever is done to the chunks, a picture that is recovered is of the right size, and the work is bounded.
  @Test func chunksMadeToBeSearchedAreGivenUp() throws {
    // Each false chunk has a name that is searched for and a length up to the end of the file.
    var bytes = PNG.signature + PNG.header(4, 3) + PNG.big(0x7FFF_FFFF) + Array("tEXt".utf8)
    let count = 40_000
    for index in 0..<count { bytes += PNG.big((count - index - 1) * 12) + Array("IDAT".utf8) + [0, 0, 0, 0] }
    let time = ContinuousClock().measure { #expect(recover(bytes) == nil) }
    print("\(bytes.count) bytes of false chunks: \(time)")
    #expect(time < .seconds(20))
  }

  @Test func mutatedFilesEndInAnErrorOrAPicture() {
    var random = SplitMix64(seed: 2027)
    var (whole, recovered, refused) = (0, 0, 0)
    for fixture in Fixture.png + Fixture.jpeg {
      for _ in 0..<60 {
        var bytes = fixture.bytes
        for _ in 0..<random.integer(in: 1...4) {
          let at = random.integer(in: 0...(bytes.count - 1))
          switch random.integer(in: 0...2) {
          case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
          case 1: bytes.removeSubrange(at..<min(bytes.count, at + random.integer(in: 1...9)))
          default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random.integer(in: 1...40))], at: at)
          }
          if bytes.isEmpty { bytes = [0x89] }
        }
        let strict = refusal(of: bytes)
        switch recover(bytes) {
        case nil:
          refused += 1
          #expect(strict != nil)
        case let found? where found.damage.isEmpty:
          whole += 1
          #expect(strict == nil)
        case let found?:
          recovered += 1
          #expect(strict != nil && found.damage.count == 1)
          #expect(found.image.pixels.count == found.image.width * found.image.height * 3)
          #expect(found.damage[0].description.hasPrefix("test: ") && !found.damage[0].description.contains("\n"))
        }
      }
    }
    print("\(whole) whole, \(recovered) recovered, \(refused) refused")
    #expect(recovered > 300 && refused > 300)
  }
}

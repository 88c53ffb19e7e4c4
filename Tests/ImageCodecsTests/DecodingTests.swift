import ImageTypes
import ImageCodecs
import Tensors
import TestSupport
import Testing

@Suite struct DecodingTests {
  @Test func theTablesAreThere() {
    #expect(Fixture.png.count == 65)
    #expect(Fixture.jpeg.count == 28)
    #expect(Fixture.pngSuite.count == 161)
  }

  @Test(arguments: Fixture.png) func pngOfEveryKindDecodesExactly(fixture: Fixture) throws {
    let image = try ImageFile.decode(bytes: fixture.bytes, name: fixture.name)
    #expect(fixture.matches(image), "\(image.width)x\(image.height) \(Fixture.hash(image.pixels))")
  }

  @Test(arguments: Fixture.jpeg) func jpegOfEveryKindDecodesAsPillowDoes(fixture: Fixture) throws {
    let image = try ImageFile.decode(bytes: fixture.bytes, name: fixture.name)
    #expect(fixture.matches(image), "\(image.width)x\(image.height) \(Fixture.hash(image.pixels))")
  }

  private func pixels(_ bytes: [UInt8]) throws -> [UInt8] { try ImageFile.decode(bytes: bytes).pixels }

  @Test func theRulesInNumbers() throws {
    typealias PNG = HandmadePNG
    // Two bits of gray are scaled to 0, 85, 170, 255.
    let gray2 = PNG.gray(header: PNG.header(4, 1, depth: 2), data: PNG.chunk("IDAT", PNG.zlib([0, 0b0001_1011])))
    #expect(try pixels(gray2) == [0, 85, 170, 255].flatMap { [$0, $0, $0] })
    // The high byte of 16 bits is kept, even if the low one would round it up.
    let gray16 = PNG.gray(
      header: PNG.header(2, 1, depth: 16), data: PNG.chunk("IDAT", PNG.zlib([0, 0x12, 0xFF, 0xFF, 0])))
    #expect(try pixels(gray16) == [0x12, 0x12, 0x12, 0xFF, 0xFF, 0xFF])
    // Alpha over white: 0 gives white, 255 the colour, 128 of 10 is (10 * 128 + 255 * 127) / 255 = 132.02.
    let alpha = PNG.gray(
      header: PNG.header(3, 1, colour: 4), data: PNG.chunk("IDAT", PNG.zlib([0, 10, 0, 10, 255, 10, 128])))
    #expect(try pixels(alpha) == [255, 10, 132].flatMap { [$0, $0, $0] })
  }

  @Test func everyAlphaRoundsToNearest() throws {
    typealias PNG = HandmadePNG
    // One row for each gray value, one column for each alpha; a stored block has space for a third of them.
    for first in stride(from: 0, to: 256, by: 64) {
      var rows: [UInt8] = []
      for value in first..<(first + 64) {
        rows.append(0)
        for alpha in 0..<256 { rows += [UInt8(value), UInt8(alpha)] }
      }
      let file = PNG.gray(header: PNG.header(256, 64, colour: 4), data: PNG.chunk("IDAT", PNG.zlib(rows)))
      let image = try ImageFile.decode(bytes: file)
      for value in 0..<64 {
        for alpha in 0..<256 {
          let exact = Double((first + value) * alpha + 255 * (255 - alpha)) / 255
          #expect(image.pixels[(value * 256 + alpha) * 3] == UInt8(exact.rounded()))
        }
      }
    }
  }

  @Test func unreadableExifIsUpright() throws {
    let plain = try ImageFile.decode(bytes: Fixture.png("exif-1"))
    let start: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0]
    let broken: [[UInt8]] = [
      [], [0x49], Array("Exif".utf8), start, [0x49, 0x49, 0x2A, 0, 255, 255, 255, 255],
      [0x4D, 0x4D, 0x2A, 0, 8, 0, 0, 0],
      start + [0x12, 1, 3, 0, 1, 0, 0, 0, 6], start + [0x12, 1, 7, 0, 1, 0, 0, 0, 6, 0, 0, 0],
      start + [0x12, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0], start + [0x12, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0],
    ]
    let original = Fixture.png("exif-1")
    for exif in broken {
      // The fixture's own EXIF chunk is between IHDR and IDAT.
      let data = original.firstRange(of: Array("IDAT".utf8))!.lowerBound - 4
      let file = original[..<33] + HandmadePNG.chunk("eXIf", exif) + original[data...]
      #expect(try ImageFile.decode(bytes: Array(file)) == plain, "\(exif)")
    }
  }

  @Test func exifPrefixInPNGIsAccepted() throws {
    let original = Fixture.png("exif-1")
    let data = original.firstRange(of: Array("IDAT".utf8))!.lowerBound - 4
    let exif: [UInt8] = [
      0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0,
    ]
    let file = Array(original[..<33] + HandmadePNG.chunk("eXIf", exif) + original[data...])
    let image = try ImageFile.decode(bytes: file)
    #expect((image.width, image.height) == (3, 5))
  }
}

import ImageCodecs
import ImageTypes
import TestSupport
import Testing

@Suite struct EncodingTests {
  @Test(arguments: [(1, 1), (1, 70), (70, 1), (37, 19), (256, 256)])
  func encodedPicturesReadBack(width: Int, height: Int) throws {
    var random = SplitMix64(seed: UInt64(width * 1000 + height))
    let pixels = (0..<(width * height * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let image = Image(width: width, height: height, pixels: pixels)
    let bytes = try PNGEncoder.encode(image)
    #expect(try ImageFile.decode(bytes: bytes) == image)
    #expect(try PNGEncoder.encode(image) == bytes)
  }

  @Test func smoothPicturesShrink() throws {
    var pixels: [UInt8] = []
    for y in 0..<300 {
      for x in 0..<300 { pixels += [UInt8(x / 2), UInt8(y / 2), 90] }
    }
    let bytes = try PNGEncoder.encode(Image(width: 300, height: 300, pixels: pixels))
    // Only runs are compressed, for speed: photographs are within a few percent of the best, a gradient takes a sixth.
    #expect(bytes.count < pixels.count / 5, "\(bytes.count) bytes")
  }

  @Test func masksKeepTheirIndices() throws {
    let palette = (0..<256).map { Colour(red: UInt8($0), green: UInt8(255 - $0), blue: 7) }
    let indices = (0..<(31 * 17)).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let bytes = try PNGEncoder.encodeIndexed(width: 31, height: 17, indices: indices, palette: palette)
    let mask = try PNGDecoder.decodeIndices(bytes: bytes)
    #expect((mask.width, mask.height) == (31, 17))
    #expect(mask.indices == indices)
    #expect(mask.palette == palette.flatMap { [$0.red, $0.green, $0.blue] })
    let image = try ImageFile.decode(bytes: bytes)
    #expect(image.pixels == indices.flatMap { [$0, 255 - $0, 7] })
  }

  @Test func aMaskOfOneColourIsSmall() throws {
    let bytes = try PNGEncoder.encodeIndexed(
      width: 640, height: 480, indices: [UInt8](repeating: 0, count: 640 * 480),
      palette: [Colour(red: 0, green: 0, blue: 0)])
    #expect(bytes.count < 700)
  }

  @Test func indicesOfFewerBitsAreNotStretched() throws {
    typealias PNG = HandmadePNG
    let data = PNG.chunk("IDAT", PNG.zlib([0, 0b0001_1011]))
    let colours = PNG.chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    let palette = try PNGDecoder.decodeIndices(
      bytes: PNG.gray(header: PNG.header(4, 1, depth: 2, colour: 3), before: colours, data: data))
    #expect(palette.indices == [0, 1, 2, 3])
    #expect(palette.palette == (1...12).map { UInt8($0) })
    let gray = try PNGDecoder.decodeIndices(bytes: PNG.gray(header: PNG.header(4, 1, depth: 2), data: data))
    #expect(gray.indices == [0, 1, 2, 3])
    #expect(gray.palette.isEmpty)
  }

  @Test func interlacedMasksAgreeWithTheirColours() throws {
    for depth in [1, 2, 4, 8] {
      let file = Fixture.png("type3-depth\(depth)-interlaced")
      let mask = try PNGDecoder.decodeIndices(bytes: file)
      let colours = mask.indices.flatMap { mask.palette[(3 * Int($0))..<(3 * Int($0) + 3)] }
      #expect(try ImageFile.decode(bytes: file).pixels == colours)
    }
  }

  @Test func onlyMasksHaveIndices() throws {
    for (bytes, found) in [
      (Fixture.png("type2-depth8"), "a PNG of 8-bit RGB"), (Fixture.png("type0-depth16"), "a PNG of 16-bit gray"),
      (Fixture.jpeg("gray"), "a JPEG"),
    ] {
      #expect(throws: ImageError.notMask(file: "the data", found: found)) { try PNGDecoder.decodeIndices(bytes: bytes) }
    }
  }
}

import ImageTypes
import Files
import ImageCodecs
import Tensors
import TestSupport
import Testing

@Suite struct LimitTests {
  typealias PNG = HandmadePNG

  @Test func pixelBombsAreRefusedByTheirHeader() {
    // These headers have almost no data behind them: memory for the image must not be allocated first.
    for (width, height, limit, found) in [
      (2_147_483_647, 2_147_483_647, .side, 2_147_483_647), (65_501, 1, .side, 65_501), (1, 65_501, .side, 65_501),
      (65_500, 65_500, .pixels, 65_500 * 65_500), (8193, 8192, .pixels, 8193 * 8192),
    ] as [(Int, Int, Limits.Name, Int)] {
      let allowed = limit == .side ? 65_500 : 64 << 20
      let expected = ImageError.limit(file: "test", limit: limit, allowed: allowed, found: found)
      #expect(refusal(of: PNG.gray(header: PNG.header(width, height, depth: 1))) == expected)
    }
    guard case .damaged? = refusal(of: PNG.gray(header: PNG.header(8192, 8192, depth: 1))) else {
      Issue.record("8192x8192 is within the limits, and its data are too short")
      return
    }
  }

  @Test func withoutLimitsTheSizeStillCannotOverflow() {
    var limits = Limits()
    limits.pixels = .max
    limits.side = .max
    let file = PNG.gray(header: PNG.header(2_147_483_647, 2_147_483_647, depth: 16, colour: 6))
    guard case .limit("test", .pixels, _, _)? = refusal(of: file, limits: limits) else {
      Issue.record("\(String(describing: refusal(of: file, limits: limits)))")
      return
    }
    // 6 TB of pixels: an error for memory or missing data, but no crash.
    let tall = PNG.gray(header: PNG.header(1000, 2_147_483_647, colour: 2))
    #expect(refusal(of: tall, limits: limits) != nil)
  }

  @Test func jpegSizesAreChecked() {
    var bytes = Fixture.jpeg("colour-444")
    let frame = bytes.firstRange(of: [0xFF, 0xC0])!.lowerBound
    for offset in 5...8 { bytes[frame + offset] = offset % 2 == 1 ? 0xF0 : 0 }
    #expect(
      refusal(of: bytes) == .limit(file: "test", limit: .pixels, allowed: 64 << 20, found: 61_440 * 61_440))
    var limits = Limits()
    limits.side = 20
    #expect(
      refusal(of: Fixture.jpeg("gray"), limits: limits) == .limit(file: "test", limit: .side, allowed: 20, found: 27))
  }

  @Test func scansAreCounted() {
    var limits = Limits()
    limits.scans = 3
    #expect(
      refusal(of: Fixture.jpeg("progressive"), limits: limits)
        == .limit(file: "test", limit: .scans, allowed: 3, found: 4))
    #expect(refusal(of: Fixture.jpeg("colour-420"), limits: limits) == nil)
  }

  @Test func ancillaryChunksThatAreReadAreLimitedOneByOneAndTogether() {
    func text(_ count: Int) -> [UInt8] { PNG.chunk("eXIf", [UInt8](repeating: 0x61, count: count)) }
    #expect(refusal(of: PNG.gray(before: text(1 << 20))) == nil)
    #expect(
      refusal(of: PNG.gray(before: text(1 << 20 + 1)))
        == .limit(file: "test", limit: .chunkBytes, allowed: 1 << 20, found: 1 << 20 + 1))
    let eight = Array((0..<8).map { _ in text(1 << 20) }.joined())
    #expect(
      refusal(of: PNG.gray(before: eight, after: text(1)))
        == .limit(file: "test", limit: .ancillaryBytes, allowed: 8 << 20, found: 8 << 20 + 1))
    // The others are never read.
    for name in ["tEXt", "zTXt", "iTXt", "iCCP", "fdAT", "caBX"] {
      let large = PNG.chunk(name, [UInt8](repeating: 1, count: 9 << 20))
      #expect(refusal(of: PNG.gray(before: large, after: large)) == nil, "\(name)")
    }
  }

  /// A long run of zeros: a fixed Huffman code in which 13 bits encode 258 bytes.
  private func bomb(zeros: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x78, 0x01]
    var (buffer, bits) = (UInt64(0), 0)
    func put(_ value: UInt64, _ count: Int) {
      buffer |= value << UInt64(bits)
      bits += count
      while bits >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: buffer))
        (buffer, bits) = (buffer >> 8, bits - 8)
      }
    }
    // One last block with fixed codes: the literal 0, and then the length 258 at the distance 1, repeated.
    put(0b011, 3)
    put(0b0000_1100, 8)
    for _ in 0..<(zeros / 258) {
      put(0b1010_0011, 8)
      put(0, 5)
    }
    put(0, 7)
    put(0, 7)
    // The Adler checksum of zeros: a stays 1, b counts them.
    return bytes + PNG.big(((1 + zeros / 258 * 258) % 65521) << 16 | 1)
  }

  /// Image data behind the last row are decompressed up to a limit only.
  @Test func imageDataOfMoreRowsThanThereAreIsBounded() throws {
    // A black image with a few surplus bytes, as from some encoders.
    let little = PNG.gray(data: PNG.chunk("IDAT", bomb(zeros: 258)))
    #expect(try ImageFile.decode(bytes: little).pixels.allSatisfy { $0 == 0 })
    // A file of 2 MB with 320 MB of zeros.
    let data = bomb(zeros: 320 << 20)
    // In several chunks: a single one of that size is refused by its length, which is too large for so small an image.
    let parts = stride(from: 0, to: data.count, by: 1 << 19).map { data[$0..<min($0 + 1 << 19, data.count)] }
    let bytes = PNG.gray(data: parts.flatMap { PNG.chunk("IDAT", Array($0)) })
    var error: ImageError?
    let time = ContinuousClock().measure { error = refusal(of: bytes) }
    #expect(error?.description.contains("more image data than the picture has rows for") == true, "\(error as Any)")
    print("a PNG of \(bytes.count) bytes for 320 MiB of zeros: refused after \(time)")
  }

  @Test func everyLimitCanBeChangedAndNamesItsFlag() {
    var limits = Limits()
    limits.fileBytes = 10
    #expect(
      refusal(of: PNG.gray(), limits: limits)
        == .limit(file: "test", limit: .fileBytes, allowed: 10, found: PNG.gray().count))
    for name in Limits.Name.allCases {
      limits[name] = 7
      #expect(limits[name] == 7)
      let words = ImageError.limit(file: "a.png", limit: name, allowed: 5, found: 6).description
      #expect(words.hasPrefix("a.png: has 6 ") && words.contains("the limit is 5") && words.contains(name.rawValue))
    }
  }
}

import Files
import ImageCodecs
import ImageTypes
import TestSupport
import Testing

/// Bitmaps of every kind, made by hand.
@Suite struct BMPTests {
  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A bitmap from its parts.
  private static func file(
    _ width: Int, _ height: Int, bits: Int, compression: Int = 0, header: Int = 40, extra: [UInt8] = [],
    palette: [UInt8] = [], used: Int = 0, pixels: [UInt8]
  ) -> [UInt8] {
    var info = little(header, 4)
    if header == 12 {
      info += little(width, 2) + little(height, 2) + little(1, 2) + little(bits, 2)
    } else {
      info += little(width, 4) + little(height, 4) + little(1, 2) + little(bits, 2) + little(compression, 4)
      info += little(0, 4) + little(2835, 4) + little(2835, 4) + little(used, 4) + little(0, 4)
    }
    info += extra
    if info.count < header { info += [UInt8](repeating: 0, count: header - info.count) }
    let start = 14 + info.count + palette.count
    var file = Array("BM".utf8)
    file += little(start + pixels.count, 4)
    file += little(0, 4)
    file += little(start, 4)
    return file + info + palette + pixels
  }

  private static let palette: [UInt8] = (0..<16).flatMap { (i: UInt8) -> [UInt8] in [i * 3, i * 5, i * 7, 0] }

  /// The RGB triples of entries of the palette.
  private static func colours(_ indices: [UInt8]) -> [UInt8] {
    indices.flatMap { (i: UInt8) -> [UInt8] in [i * 7, i * 5, i * 3] }
  }

  private func pixels(_ bytes: [UInt8]) throws -> [UInt8] { try ImageFile.decode(bytes: bytes).pixels }

  @Test func indexedPixelsAreLookedUp() throws {
    // Rows are stored from the bottom and end at a multiple of four bytes.
    let one = Self.file(
      10, 2, bits: 1, palette: Array(Self.palette[..<8]), pixels: [0xFF, 0x80, 0, 0, 0b0101_0101, 0x40, 0, 0])
    #expect(
      try pixels(one) == Self.colours([0, 1, 0, 1, 0, 1, 0, 1, 0, 1] + [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]))
    let four = Self.file(3, 2, bits: 4, palette: Self.palette, pixels: [0x12, 0x30, 0, 0, 0xFE, 0xD0, 0, 0])
    #expect(try pixels(four) == Self.colours([15, 14, 13, 1, 2, 3]))
    // An index behind the palette is black.
    let eight = Self.file(3, 1, bits: 8, palette: Array(Self.palette[..<12]), used: 3, pixels: [2, 1, 200, 0])
    #expect(try pixels(eight) == Self.colours([2, 1]) + [0, 0, 0])
    let old = Self.file(
      2, 1, bits: 4, header: 12, palette: (0..<16).flatMap { [UInt8($0), 100, 200] }, pixels: [0x5A, 0, 0, 0])
    #expect(try pixels(old) == [200, 100, 5, 200, 100, 10])
  }

  @Test func directPixelsAreScaled() throws {
    let rows: [UInt8] = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]
    let bottomUp = try pixels(Self.file(2, 2, bits: 24, pixels: rows))
    #expect(bottomUp == [9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4])
    #expect(try pixels(Self.file(2, -2, bits: 24, pixels: rows)) == [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10])
    #expect(try pixels(Self.file(1, 1, bits: 32, pixels: [1, 2, 3, 0])) == [3, 2, 1])
    // 5 bits of each colour; 31 is 255, 16 is 16 * 255 / 31 = 131.6.
    #expect(try pixels(Self.file(2, 1, bits: 16, pixels: [0xFF, 0x7F, 0x00, 0x40])) == [255, 255, 255, 132, 0, 0])
    let masks = [0xF800, 0x07E0, 0x001F].flatMap { Self.little($0, 4) }
    #expect(
      try pixels(Self.file(2, 1, bits: 16, compression: 3, extra: masks, pixels: [0xE0, 0x07, 0x1F, 0xF8]))
        == [0, 255, 0, 255, 0, 255])
    let wide = [0x3FF0_0000, 0x000F_FC00, 0x0000_03FF].flatMap { Self.little($0, 4) }
    for header in [56, 108, 124] {
      let file = Self.file(
        1, 1, bits: 32, compression: 3, header: header, extra: wide, pixels: Self.little(0x3FF0_0000 | 512 << 10, 4))
      #expect(try pixels(file) == [255, 128, 0])
    }
  }

  @Test func runLengthsAreExpanded() throws {
    // Three of index 1; one of 2; end of the row; four literal ones with padding; end.
    let eight = Self.file(
      4, 2, bits: 8, compression: 1, palette: Self.palette, used: 16,
      pixels: [3, 1, 1, 2, 0, 0, 0, 3, 4, 5, 6, 0, 1, 7, 0, 1])
    #expect(try pixels(eight) == Self.colours([4, 5, 6, 7, 1, 1, 1, 2]))
    let four = Self.file(
      5, 1, bits: 4, compression: 2, palette: Self.palette, pixels: [2, 0x12, 0, 3, 0x34, 0x50, 0, 1])
    #expect(try pixels(four) == Self.colours([1, 2, 3, 4, 5]))
    // One pixel, two columns and one row further, one more; what is skipped has index 0. Runs end with their row.
    let jump = Self.file(
      4, 2, bits: 8, compression: 1, palette: Self.palette, used: 16, pixels: [1, 9, 0, 2, 2, 1, 200, 8, 0, 1])
    #expect(try pixels(jump) == Self.colours([0, 0, 0, 8, 9, 0, 0, 0]))
    let cut = Self.file(4, 2, bits: 8, compression: 1, palette: Self.palette, used: 16, pixels: [3, 1, 0])
    #expect(refusal(of: cut)?.description.contains("truncated BMP") == true)
  }

  @Test func wrongHeadersAreRefused() {
    func expect(_ bytes: [UInt8], _ words: String) {
      #expect(refusal(of: bytes)?.description.contains(words) == true, "\(refusal(of: bytes) as Any)")
    }
    expect(Self.file(0, 1, bits: 24, pixels: []), "the size is 0x1")
    expect(Self.file(-5, 1, bits: 24, pixels: []), "the size is -5x1")
    expect(Self.file(1, Int(Int32.min), bits: 24, pixels: []), "pixels along a side")
    expect(Self.file(60_000, 60_000, bits: 24, pixels: []), "pixels, the limit is")
    expect(Self.file(1, 1, bits: 2, pixels: [0, 0, 0, 0]), "a pixel has 2 bits")
    expect(Self.file(1, 1, bits: 24, compression: 4, pixels: [0, 0, 0, 0]), "a BMP of compression 4 with 24 bits")
    expect(
      Self.file(4, 4, bits: 24, pixels: [0, 0, 0, 0]), "truncated BMP: the file ends at byte 58, expected 48 bytes")
    expect(Self.file(4, -4, bits: 8, compression: 1, pixels: [0, 1]), "expected a positive number")
  }

  @Test func damagedBitmapsEndInAnErrorOrAPicture() throws {
    var random = SplitMix64(seed: 77)
    var (pictures, errors) = (0, 0)
    let rle: [UInt8] = [3, 1, 1, 2, 0, 0, 0, 3, 4, 5, 6, 0, 1, 7, 0, 1]
    let seeds = [
      Self.file(4, 2, bits: 8, compression: 1, palette: Self.palette, used: 16, pixels: rle),
      Self.file(4, 2, bits: 4, compression: 2, palette: Self.palette, pixels: rle),
      Self.file(3, 2, bits: 4, palette: Self.palette, pixels: [0x12, 0x30, 0, 0, 0xFE, 0xD0, 0, 0]),
      Self.file(2, 2, bits: 24, pixels: [UInt8](1...16)), Self.file(2, 2, bits: 16, pixels: [UInt8](1...8)),
      Self.file(
        2, 1, bits: 16, compression: 3, extra: [UInt8](repeating: 0x1F, count: 12), pixels: [0xE0, 0x07, 0x1F, 0xF8]),
      Self.file(2, 1, bits: 4, header: 12, palette: [UInt8](0..<48), pixels: [0x5A, 0, 0, 0]),
    ]
    var limits = Limits()
    limits.pixels = 1 << 16
    for seed in seeds {
      #expect(refusal(of: seed) == nil)
      for count in 0..<seed.count { _ = refusal(of: Array(seed[..<count])) }
      for _ in 0..<1500 {
        var bytes = seed
        for _ in 0..<random.integer(in: 1...3) {
          bytes[random.integer(in: 0...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
        }
        if refusal(of: bytes, limits: limits) == nil { pictures += 1 } else { errors += 1 }
      }
    }
    print("\(pictures) pictures, \(errors) errors")
    #expect(pictures > 1000 && errors > 1000)
  }
}

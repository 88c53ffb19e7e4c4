import ImageCodecs
import Tensors
import TestSupport
import Testing

/// Every file that is not a whole image is refused with a specific reason.
@Suite struct RefusalTests {
  typealias PNG = HandmadePNG

  @Test(arguments: ["type2-depth8", "type3-depth4-transparent", "type6-depth16-interlaced", "exif-6"])
  func aPNGCutAnywhereIsTruncated(name: String) {
    let bytes = Fixture.png(name)
    for count in 1..<bytes.count {
      guard case .truncated("test", .png, count, _)? = refusal(of: Array(bytes.prefix(count))) else {
        Issue.record("\(count) of \(bytes.count) bytes: \(String(describing: refusal(of: Array(bytes.prefix(count)))))")
        continue
      }
    }
    #expect(refusal(of: []) == .empty(file: "test"))
    #expect(refusal(of: bytes) == nil)
  }

  @Test(arguments: ["gray", "colour-420", "progressive", "restarts", "cmyk", "exif-6"])
  func aJPEGCutAnywhereIsTruncated(name: String) {
    let bytes = Fixture.jpeg(name)
    for count in 1..<bytes.count {
      guard case .truncated("test", .jpeg, count, _)? = refusal(of: Array(bytes.prefix(count))) else {
        Issue.record("\(count) of \(bytes.count) bytes: \(String(describing: refusal(of: Array(bytes.prefix(count)))))")
        continue
      }
    }
    #expect(refusal(of: bytes) == nil)
  }

  @Test(arguments: ["type2-depth8", "type3-depth4-transparent", "many-idat", "exif-6"])
  func everyChangedByteOfAPNGIsNoticed(name: String) {
    let bytes = Fixture.png(name)
    for index in bytes.indices {
      for change in [0x01, 0x20, 0x80, 0xFF] as [UInt8] {
        var changed = bytes
        changed[index] ^= change
        #expect(refusal(of: changed) != nil, "byte \(index) of \(bytes.count), changed by \(change)")
      }
    }
  }

  @Test func anAdlerChecksumIsCheckedEvenUnderARightCRC() {
    var data = PNG.zlib([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    #expect(refusal(of: PNG.gray(data: PNG.chunk("IDAT", data))) == nil)
    data[data.count - 1] ^= 1
    expect(PNG.gray(data: PNG.chunk("IDAT", data)), says: "incorrect data check")
  }

  private func expect(_ bytes: [UInt8], says words: String, _ location: SourceLocation = #_sourceLocation) {
    let error = refusal(of: bytes)
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")", sourceLocation: location)
  }

  @Test func damagedPNGsSayWhatIsWrong() {
    expect(PNG.gray(header: []), says: "the first chunk is IDAT, expected IHDR")
    expect(PNG.gray(header: PNG.chunk("IHDR", [0, 0])), says: "IHDR has 2 bytes, expected 13")
    expect(PNG.gray(header: PNG.header(0, 3)), says: "the width is 0, expected 1 to 2147483647")
    expect(PNG.gray(header: PNG.header(4, 1 << 31)), says: "the height is 2147483648")
    expect(PNG.gray(header: PNG.header(4, 3, colour: 1)), says: "the colour type is 1, expected 0, 2, 3, 4 or 6")
    expect(PNG.gray(header: PNG.header(4, 3, depth: 3)), says: "the bit depth is 3, expected one of [1, 2, 4, 8, 16]")
    expect(PNG.gray(header: PNG.header(4, 3, [1, 0, 0])), says: "the compression method is 1")
    expect(PNG.gray(header: PNG.header(4, 3, [0, 1, 0])), says: "the filter method is 1")
    expect(PNG.gray(header: PNG.header(4, 3, [0, 0, 2])), says: "the interlace method is 2")
    expect(PNG.gray(data: []), says: "there is no IDAT chunk before IEND")
    expect(PNG.gray(header: PNG.header(4, 3, colour: 3)), says: "Missing PLTE before IDAT")
    expect(PNG.gray(before: PNG.chunk("ABCD", [])), says: "in chunk ABCD at byte 33")
    expect(PNG.gray(before: PNG.chunk("a1cd", [])), says: "a chunk is called 61 31 63 64, expected four letters")
    expect(PNG.gray(before: PNG.big(-1) + Array("teXt".utf8)), says: "the length of chunk teXt is 4294967295")
    expect(PNG.gray(data: PNG.chunk("IDAT", PNG.zlib([0, 1, 2, 3]))), says: "Not enough image data")
    expect(PNG.gray(data: PNG.chunk("IDAT", [1, 2, 3])), says: "IDAT")
    expect(
      PNG.gray(data: PNG.chunk("IDAT", PNG.zlib([9, 1, 2, 3, 4, 9, 1, 2, 3, 4, 9, 1, 2, 3, 4]))),
      says: "bad adaptive filter")
    expect(PNG.signature + PNG.chunk("CgBI", [0, 0, 0, 0]) + PNG.gray().dropFirst(8), says: "an iPhone-optimised PNG")
    var changed = PNG.gray(before: PNG.chunk("tEXt", Array("k\0words".utf8)))
    changed[45] ^= 1
    expect(changed, says: "CRC error, in chunk tEXt at byte 33")
  }

  @Test func damagedSignaturesSayWhatIsWrong() {
    let good = PNG.gray()
    expect(good.map { $0 == 0x0D ? 0x0A : $0 }, says: "a transfer in text mode")
    expect([0x09] + good.dropFirst(), says: "byte 1 of the PNG signature is 09, expected 89")
    expect([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A] + good.dropFirst(8), says: "a transfer in text mode")
    expect(
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0D, 0x0A, 0x1A, 0x0D, 0x0A] + good.dropFirst(8), says: "a transfer in text mode")
  }

  @Test func otherFilesAreNamed() {
    let rest = [UInt8](repeating: 0, count: 40)
    func text(_ words: String) -> [UInt8] { Array(words.utf8) + rest }
    for (bytes, name) in [
      (text("GIF89a"), "GIF"), (text("RIFF\u{1}\u{1}\u{1}\u{1}AVI LIST"), "a video"),
      ([0x49, 0x49, 0x2A, 0] + rest, "TIFF or camera raw"),
      (text("\0\0\0\u{20}ftypisom"), "a video"), ([0x1A, 0x45, 0xDF, 0xA3] + rest, "a video"),
      (text("\0\0\0\u{1C}ftypavif"), "AVIF"),
      (text("\0\0\0\u{1C}ftypheic"), "HEIC"), ([0xFF, 0x0A] + rest, "JPEG XL"), (text("\0\0\0\u{C}jP  "), "JPEG 2000"),
      (text("%PDF-1.7"), "PDF"), (text("<svg xmlns"), "SVG or another XML"), (text("P6\n4 4"), "PNM"),
      (text("qoif"), "QOI"),
    ] as [([UInt8], String)] {
      #expect(refusal(of: bytes) == .unsupported(file: "test", found: name))
      #expect(refusal(of: bytes)?.description.contains("; convert it to one of them: ") == true)
    }
    #expect(
      refusal(of: text("\0\0\0\u{1C}ftypheic"))?.description
        == "test: is HEIC, expected an ordinary PNG, JPEG, WebP or BMP; convert it to one of them: "
        + "heif-convert 'test' picture.png")
    #expect(
      refusal(of: Array("Hello,\nworld".utf8)) == .unknownFormat(file: "test", found: "text beginning \"Hello, world\"")
    )
    #expect(refusal(of: Array("BMW is a car, P6 is not".utf8))?.description.contains("text beginning \"BMW is") == true)
    #expect(refusal(of: [0, 1, 2, 0xFF]) == .unknownFormat(file: "test", found: "bytes beginning 00 01 02 FF"))
  }

  @Test func damagedJPEGsAreNoPictures() {
    var bytes = Fixture.jpeg("restarts")
    // The second half of the image, replaced by the end marker.
    let scan = bytes.firstRange(of: [0xFF, 0xD1])!.lowerBound
    expect(Array(bytes[..<scan] + [0xFF, 0xD9]), says: "damaged JPEG")
    // 12 bits per sample, and an unsupported kind of coding.
    let frame = bytes.firstRange(of: [0xFF, 0xC0])!.lowerBound
    bytes[frame + 4] = 12
    expect(bytes, says: "test: is a JPEG of a kind not read (Unsupported JPEG data precision 12)")
    bytes[frame + 4] = 8
    bytes[frame + 1] = 0xC3
    expect(bytes, says: "Unsupported JPEG process: SOF type 0xc3")
    // A height of 0, which would follow the first scan.
    bytes[frame + 1] = 0xC0
    bytes[frame + 5] = 0
    bytes[frame + 6] = 0
    expect(bytes, says: "damaged JPEG")
  }

  /// Damaged images give an error or an image, at once and without a crash.
  @Test func mutatedFilesEndInAnErrorOrAPicture() {
    var random = SplitMix64(seed: 2026)
    var pictures = 0
    var errors = 0
    for fixture in Fixture.png + Fixture.jpeg {
      for _ in 0..<200 {
        var bytes = fixture.bytes
        for _ in 0..<random.integer(in: 1...4) {
          let at = random.integer(in: 0...(bytes.count - 1))
          switch random.integer(in: 0...3) {
          case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
          case 1: bytes[at] ^= 1 << UInt8(random.integer(in: 0...7))
          case 2: bytes.removeSubrange(at..<min(bytes.count, at + random.integer(in: 1...9)))
          default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + random.integer(in: 1...40))], at: at)
          }
          if bytes.isEmpty { bytes = [0x89] }
        }
        if refusal(of: bytes) == nil { pictures += 1 } else { errors += 1 }
      }
    }
    #expect(errors > 9000)
    #expect(pictures + errors == 200 * (Fixture.png.count + Fixture.jpeg.count))
  }
}

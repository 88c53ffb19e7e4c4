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

/// Decoding from bytes and encoding to bytes, compared with files.
@Suite struct ByteTests {
  private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// The image or the error, with the file's name removed.
  private func outcome(_ name: String, _ body: () throws -> Image) -> String {
    do { return try "\(Fixture.hash(body().pixels))" } catch {
      let words = "\(error)"
      return words.hasPrefix(name + ": ") ? String(words.dropFirst(name.count)) : "names nothing: \(words)"
    }
  }

  @Test func bytesAndFilesAreReadAlike() throws {
    var random = SplitMix64(named: "bytes and files")
    var limits = Limits()
    limits.fileBytes = 2000
    var refused = 0
    try TestData.withTemporaryFolder { folder in
      let path = folder + "/picture"
      for fixture in Fixture.png + Fixture.jpeg {
        var damaged = fixture.bytes
        damaged[random.integer(in: 0...damaged.count - 1)] ^= 0x41
        for bytes in [fixture.bytes, Array(fixture.bytes.dropLast(9)), damaged, []] {
          try Data(bytes).write(to: URL(fileURLWithPath: path))
          for limits in [Limits.standard, limits] {
            let file = outcome(path) { try ImageFile.read(path: path, limits: limits) }
            #expect(file == outcome("the data") { try ImageFile.decode(bytes: bytes, limits: limits) })
            #expect(file == outcome("a") { try ImageFile.decode(bytes: bytes.span, name: "a", limits: limits) })
            if file.hasPrefix(": ") { refused += 1 }
            let size = try? ImageFile.size(path: path, limits: limits)
            let found = try? ImageFile.size(bytes: bytes, limits: limits)
            #expect(size?.width == found?.width && size?.height == found?.height)
          }
        }
      }
    }
    #expect(refused > 3 * Fixture.png.count)
  }

  @Test func bytesInTheMiddleOfOthersAreRead() throws {
    for fixture in Fixture.png + Fixture.jpeg {
      let all = [UInt8](repeating: 0x5A, count: 37) + fixture.bytes + [UInt8](repeating: 0xA5, count: 11)
      let part = all.span.extracting(37..<37 + fixture.bytes.count)
      #expect(try fixture.matches(ImageFile.decode(bytes: part)))
      #expect(try ImageFile.size(bytes: part) == (fixture.width, fixture.height))
    }
    let mask = Fixture.png("type3-depth8")
    #expect(try PNGDecoder.decodeIndices(bytes: mask.span) == PNGDecoder.decodeIndices(bytes: mask))
  }

  @Test func masksAreHeldToTheLimitOfTheirFile() {
    var limits = Limits()
    limits.fileBytes = 10
    let mask = Fixture.png("type3-depth8")
    #expect(throws: ImageError.limit(file: "m", limit: .fileBytes, allowed: 10, found: mask.count)) {
      try PNGDecoder.decodeIndices(bytes: mask, name: "m", limits: limits)
    }
  }

  @Test func filesHoldTheEncodedBytes() throws {
    let image = Synthetic.image(width: 61, height: 43)
    try TestData.withTemporaryFolder { folder in
      for encoding in [ImageEncoding.png, .jpeg(), .jpeg(quality: 30)] {
        let path = folder + "/picture"
        try ImageFile.write(image, to: path, as: encoding)
        let written = try bytes(path)
        #expect(try ImageFile.encode(image, as: encoding) == written)
        #expect(try ImageFile.read(path: path) == ImageFile.decode(bytes: written))
        #expect(throws: ImageError.cannotWrite(.alreadyExists(path: path))) {
          try ImageFile.write(image, to: path, as: encoding, replacing: false)
        }
        #expect(try bytes(path) == written)
      }
      let nowhere = folder + "/none/picture"
      let error = #expect(throws: ImageError.self) { try ImageFile.write(image, to: nowhere, as: .png) }
      #expect(error?.file == nowhere && error?.description.contains("cannot write the file") == true)
    }
    #expect(try ImageFile.decode(bytes: ImageFile.encode(image, as: .png)) == image)
    #expect(try ImageFile.encode(image, as: .png) == PNGEncoder.encode(image))
  }

  /// The mean difference of two images of the same size, in levels of 255.
  private func difference(_ a: Image, _ b: Image) -> Double {
    let sum = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(a.pixels.count)
  }

  @Test func jpegKeepsThePictureAsWellAsItsQualitySays() throws {
    let photograph = try ImageFile.read(path: TestData.sample("astronaut.png"))
    var sizes: [Int] = []
    var differences: [Double] = []
    for quality in [10, 50, 90, 100] {
      let bytes = try ImageFile.encode(photograph, as: .jpeg(quality: quality))
      let copy = try ImageFile.decode(bytes: bytes)
      #expect((copy.width, copy.height) == (photograph.width, photograph.height))
      sizes.append(bytes.count)
      differences.append(difference(copy, photograph))
    }
    print("JPEG of quality 10, 50, 90, 100: \(sizes) bytes, off by \(differences) levels")
    #expect(sizes == sizes.sorted() && differences == differences.sorted(by: >))
    #expect(differences[0] < 10 && differences[2] < 2.5 && differences[3] < 1.5)
    // Qualities out of range are clamped.
    #expect(try ImageFile.encode(photograph, as: .jpeg(quality: 101)).count == sizes[3])
    #expect(
      try ImageFile.encode(photograph, as: .jpeg(quality: .min))
        == ImageFile.encode(photograph, as: .jpeg(quality: 1)))
  }

  @Test(arguments: [(1, 1), (1, 70), (70, 1), (17, 15)]) func smallJPEGsReadBack(width: Int, height: Int) throws {
    let image = Image(width: width, height: height, red: 200, green: 120, blue: 40)
    let copy = try ImageFile.decode(bytes: ImageFile.encode(image, as: .jpeg(quality: 100)))
    #expect((copy.width, copy.height) == (width, height))
    #expect(zip(copy.pixels, image.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
  }

  @Test func largeJPEGsGrowTheirMemory() throws {
    var random = SplitMix64(seed: 3)
    let noise = (0..<(400 * 300 * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let bytes = try ImageFile.encode(Image(width: 400, height: 300, pixels: noise), as: .jpeg(quality: 100))
    #expect(bytes.count > 3 << 16, "\(bytes.count) bytes")
    let copy = try ImageFile.decode(bytes: bytes)
    #expect(copy.width == 400 && bytes.suffix(2) == [0xFF, 0xD9])
  }

  @Test func sidesThatAJPEGCannotHaveAreRefused() throws {
    let error = #expect(throws: ImageError.self) {
      try ImageFile.encode(Image(width: 65_501, height: 1), as: .jpeg(), name: "long")
    }
    #expect(error?.description.hasPrefix("long: cannot be made a JPEG: ") == true, "\(String(describing: error))")
    #expect(error?.description.contains("65500") == true)
    #expect(try ImageFile.size(bytes: ImageFile.encode(Image(width: 65_500, height: 1), as: .jpeg())).width == 65_500)
  }
}

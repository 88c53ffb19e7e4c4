import Files
import ImageCodecs
import ImageTypes
import TestSupport
import Testing

/// WebP files that libwebp's encoder has written.
@Suite struct WebPTests {
  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8).map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// 5x3 pixels of (40x, 70y, 20x + y), lossless.
  private static let plain = bytes(
    "524946463e000000574542505650384c320000002f048000007740986d34ba129dfff31806452090c25378fe7b9002ec5e008300900854"
      + "2c29a4105c0a2b8c1ad1fff090635f")
  /// The same with an alpha of 17 for each pixel before.
  private static let transparent = bytes(
    "5249464650000000574542505650384c440000002f048000107730460281649cfc69c621c8b6f91dea4f3808826c9b2b14eefe0853086d"
      + "0000fb5d2e976b3f00004c45b2f1dec3af91452959549245b088fe47b5efc47d02")
  /// 16x16 pixels of (200, 120, 40), lossy.
  private static let lossy = bytes(
    "524946463e000000574542505650382032000000f001009d012a1000100000c01225a00274ba01f80005f40000fec0cfffc736f8adff15"
      + "bffe39b7fefa01ef403de807f5f000")

  private static let colours: [[Int]] = (0..<15).map { i in [i % 5 * 40, i / 5 * 70, i % 5 * 20 + i / 5] }

  /// The extended format, with flags, a canvas and chunks.
  private static func extended(flags: UInt8, _ width: Int, _ height: Int, _ chunks: [(String, [UInt8])]) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let canvas: [UInt8] = [flags, 0, 0, 0] + little(width - 1, 3) + little(height - 1, 3)
    var body: [UInt8] = Array("WEBP".utf8)
    for (name, data) in [("VP8X", canvas)] + chunks {
      body += Array(name.utf8)
      body += little(data.count, 4)
      body += data
      if data.count % 2 == 1 { body.append(0) }
    }
    return Array("RIFF".utf8) + little(body.count, 4) + body
  }

  @Test func losslessPixelsAreExact() throws {
    let image = try ImageFile.decode(bytes: Self.plain)
    #expect((image.width, image.height) == (5, 3) && image.pixels == Self.colours.joined().map { UInt8($0) })
    #expect(try ImageFile.size(bytes: Self.plain) == (5, 3))
    // Alpha over white, rounded to nearest.
    let blended = try ImageFile.decode(bytes: Self.transparent)
    var expected: [UInt8] = []
    for (index, colour) in Self.colours.enumerated() {
      let alpha = index * 17
      for value in colour { expected.append(UInt8((Double(value * alpha + 255 * (255 - alpha)) / 255).rounded())) }
    }
    #expect(blended.pixels == expected)
  }

  @Test func lossyPixelsAreNear() throws {
    let image = try ImageFile.decode(bytes: Self.lossy)
    #expect((image.width, image.height) == (16, 16))
    for pixel in 0..<256 {
      for (k, value) in [200, 120, 40].enumerated() { #expect(abs(Int(image.pixels[3 * pixel + k]) - value) < 12) }
    }
  }

  @Test func theOrientationIsApplied() throws {
    let exif: [UInt8] = [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
    let file = Self.extended(flags: 8, 5, 3, [("VP8L", Array(Self.plain[20...])), ("EXIF", exif)])
    let image = try ImageFile.decode(bytes: file)
    #expect((image.width, image.height) == (3, 5))
    #expect(try ImageFile.size(bytes: file) == (3, 5))
    #expect(Array(image.pixels[..<3]) == Self.colours[10].map { UInt8($0) })
  }

  @Test func otherFilesAreRefused() {
    for bytes in [Self.plain, Self.transparent, Self.lossy] {
      for count in 12..<bytes.count - 1 {
        let words = refusal(of: Array(bytes[..<count]))?.description
        #expect(words?.contains("WebP") == true, "\(count): \(words ?? "no error")")
      }
    }
    let animation = Self.extended(flags: 2, 5, 3, [("ANIM", [0, 0, 0, 0, 0, 0])])
    #expect(
      refusal(of: animation)?.description.contains("is a WebP of a kind not read (an animation)") == true,
      "\(refusal(of: animation) as Any)")
    var limits = Limits()
    limits.side = 4
    #expect(refusal(of: Self.plain, limits: limits) == .limit(file: "test", limit: .side, allowed: 4, found: 5))
    var random = SplitMix64(seed: 78)
    var (pictures, errors) = (0, 0)
    for seed in [Self.plain, Self.transparent, Self.lossy] {
      for _ in 0..<1000 {
        var bytes = seed
        bytes[random.integer(in: 12...bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
        if refusal(of: bytes) == nil { pictures += 1 } else { errors += 1 }
      }
    }
    print("\(pictures) pictures, \(errors) errors")
  }
}

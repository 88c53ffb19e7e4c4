import ImageTypes
import ImageCodecs
import Tensors
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Files of the development data and of the package's samples.
@Suite struct RealFilesTests {
  private func names(_ folder: String, _ ending: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }.sorted()
  }

  @Test(.enabled(if: TestData.has("pngsuite"), "\(TestData.absence(of: "pngsuite"))"))
  func pngSuiteDecodesExactly() throws {
    let folder = try #require(TestData.path("pngsuite"))
    for fixture in Fixture.pngSuite {
      let image = try ImageFile.read(path: "\(folder)/\(fixture.name)")
      #expect(fixture.matches(image), "\(fixture.name)")
    }
    // The files that are not in the table are damaged on purpose.
    let broken = try names(folder, ".png").filter { $0.hasPrefix("x") }
    #expect(try names(folder, ".png").count == Fixture.pngSuite.count + broken.count)
    let expected = [
      "xc1n0g08.png": "the colour type is 1", "xc9n2c08.png": "the colour type is 9",
      "xcrn0g04.png": "text mode changed the line endings of the PNG signature: byte 6 is 0D, expected 0A",
      "xcsn0g01.png": "CRC error, in chunk IDAT", "xd0n2c08.png": "the bit depth is 0",
      "xd3n2c08.png": "the bit depth is 3", "xd9n2c08.png": "the bit depth is 99", "xdtn0g01.png": "there is no IDAT",
      "xhdn0g08.png": "CRC error in IHDR", "xlfn0g04.png": "PNG signature: byte 5 is 0A, expected 0D",
      "xs1n0g01.png": "byte 1 of the PNG signature",
      "xs2n0g01.png": "byte 2 of the PNG signature", "xs4n0g01.png": "byte 4 of the PNG signature",
      "xs7n0g01.png": "byte 7 of the PNG signature",
    ]
    #expect(broken == expected.keys.sorted())
    var reasons: Set<String> = []
    for (name, words) in expected {
      let error = #expect(throws: ImageError.self) { try ImageFile.read(path: "\(folder)/\(name)") }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? name)")
      reasons.insert(error.map { String($0.description.dropFirst("\(folder)/\(name)".count)) } ?? name)
    }
    // Each has a different damage and a different message.
    #expect(reasons.count == expected.count, "\(reasons.sorted())")
  }

  @Test(.enabled(if: TestData.has("png-corrupt"), "\(TestData.absence(of: "png-corrupt"))"))
  func filesThatOnceBrokeADecoderEndInAnErrorOrAPicture() throws {
    let folder = try #require(TestData.path("png-corrupt"))
    let pictures = try names(folder, ".png").filter { (try? ImageFile.read(path: "\(folder)/\($0)")) != nil }
    let broken = try names(folder, ".png").filter { $0.hasPrefix("x_") }
    #expect(Set(pictures).isDisjoint(with: broken), "\(pictures)")
  }

  @Test(.enabled(if: TestData.has("voc"), "\(TestData.absence(of: "voc"))"))
  func masksOfPascalVOCHoldClassIds() throws {
    let folder = try #require(TestData.path("voc"))
    let masks = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".png") }
    #expect(masks.count >= 60)
    for name in masks {
      let mask = try PNGDecoder.readIndices(path: "\(folder)/\(name)")
      #expect(mask.indices.allSatisfy { $0 <= 20 || $0 == 255 }, "\(name)")
      #expect(mask.indices.contains { (1...20).contains($0) }, "\(name)")
    }
  }

  @Test func samplesAreReadable() throws {
    for (name, size) in ["astronaut.png": [512, 512], "chelsea.png": [451, 300], "grace_hopper.jpg": [512, 600]] {
      let image = try ImageFile.read(path: TestData.sample(name))
      #expect([image.width, image.height] == size)
    }
  }
}

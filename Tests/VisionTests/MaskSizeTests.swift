import TestSupport
import Testing
import Vision

/// A mask has its image's size, for any size of image and of input.
///
/// With the address sanitizer this also tests accesses outside of the image. `BACKBONE_SOAK_SIZES` is the number of
/// sizes.
@Suite(.timeLimit(.minutes(30))) struct MaskSizeTests {
  /// Random sides, odd ones and the extremes more often.
  private static func side(_ random: inout SplitMix64) -> Int {
    switch random.integer(in: 0...5) {
    case 0: return random.integer(in: 16...549) * 2 + 1
    case 1: return [33, 34, 1099, 1100, 513, 257][random.integer(in: 0...5)]
    default: return random.integer(in: 33...1100)
    }
  }

  private static func expectFits(_ mask: Mask, _ picture: Image, _ what: String) {
    #expect(mask.width == picture.width && mask.height == picture.height, "\(what)")
    #expect(mask.ids.count == picture.width * picture.height, "\(what)")
    #expect(mask.ids.allSatisfy { $0 < 5 }, "\(what)")
  }

  @Test(arguments: [false, true]) func masksOfPicturesOfAnySize(pyramid: Bool) throws {
    var random = SplitMix64(seed: pyramid ? 51 : 52)
    var segmenter = try Segmenter(SmallModels.segmenter(pyramid: pyramid), threads: 2)
    var input = (width: 96, height: 96)
    for number in 0..<Soak.count("SIZES", short: 100, full: 2000) / 2 {
      // Random input sizes too, each with another network.
      if number % 10 == 5 {
        input = (random.integer(in: 33...300), random.integer(in: 33...300))
        segmenter = try Segmenter(
          SmallModels.segmenter(width: input.width, height: input.height, pyramid: pyramid), threads: 2)
      }
      let (width, height) = (Self.side(&random), Self.side(&random))
      let picture = Image(
        width: width, height: height,
        pixels: [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: width * height * 3))
      Self.expectFits(
        try segmenter.segment(picture), picture, "\(width)x\(height) by \(input.width)x\(input.height)")
    }
  }

  @Test func masksOfPicturesWithASideOfAPixel() throws {
    let segmenter = try Segmenter(SmallModels.segmenter(), threads: 2)
    let detector = try Detector(SmallModels.detector(), threads: 2)
    for (width, height) in [(1, 1), (1, 2), (2, 1), (1, 1100), (1100, 1), (3, 701), (32, 32)] {
      let picture = SmallModels.picture(width, height, seed: 3)
      Self.expectFits(try segmenter.segment(picture), picture, "\(width)x\(height)")
      for found in try detector.detect(picture) {
        let box = found.box
        #expect(0 <= box.x1 && box.x1 < box.x2 && box.x2 <= Float(width), "\(found)")
        #expect(0 <= box.y1 && box.y1 < box.y2 && box.y2 <= Float(height), "\(found)")
      }
    }
  }
}

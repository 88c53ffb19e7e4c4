import ImageTypes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Results are encoded as JSON and decoded again, and invalid JSON is refused.
@Suite struct ResultCodingTests {
  @Test func aBoxIsFourNumbers() throws {
    let box = Box(x1: 1.5, y1: -2, x2: 30, y2: 41)
    let text = try JSONEncoder().encode(box)
    #expect(String(decoding: text, as: UTF8.self) == "[1.5,-2,30,41]")
    #expect(try JSONDecoder().decode(Box.self, from: text) == box)
    #expect((box.width, box.height) == (28.5, 43))
    #expect(box.center == (15.75, 19.5))
    for wrong in ["[1,2,3]", "[1,2,3,4,5]", "{}", "[1,2,3,\"a\"]"] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Box.self, from: Data(wrong.utf8)) }
    }
  }

  @Test func aMaskIsRuns() throws {
    let mask = try Mask([0, 0, 7, 7, 7, 255], width: 3, height: 2)
    #expect((mask[2, 0], mask[0, 1], mask[2, 1]) == (7, 7, 255))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = try encoder.encode(mask)
    #expect(String(decoding: text, as: UTF8.self) == #"{"height":2,"runs":[0,2,7,3,255,1],"width":3}"#)
    #expect(try JSONDecoder().decode(Mask.self, from: text) == mask)
    var generator = SplitMix64(seed: 5)
    for _ in 0..<50 {
      let (width, height) = (Int.random(in: 1...9, using: &generator), Int.random(in: 1...9, using: &generator))
      let ids = (0..<width * height).map { _ in UInt8.random(in: 0...2, using: &generator) }
      let random = try Mask(ids, width: width, height: height)
      #expect(try JSONDecoder().decode(Mask.self, from: try JSONEncoder().encode(random)) == random)
    }
  }

  @Test(arguments: [
    (3, 2, "[0,5]"), (3, 2, "[0,7]"), (3, 2, "[0,6,1]"), (3, 2, "[256,6]"), (3, 2, "[-1,6]"), (3, 2, "[0,0,1,6]"),
    (3, 2, "[0,-1,1,7]"), (0, 2, "[]"), (-3, -2, "[0,6]"), (3, 2, "[]"), (9_000_000_000, 9_000_000_000, "[0,1]"),
    (16_777_216, 16_777_216, "[0,9]"),
  ]) func otherRunsAreRefused(width: Int, height: Int, runs: String) {
    let text = #"{"width":\#(width),"height":\#(height),"runs":\#(runs)}"#
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Mask.self, from: Data(text.utf8)) }
  }

  @Test func otherSizesAreRefused() {
    #expect(throws: PixelViewError.bytes(plane: 0, expected: 6, found: 5)) {
      try Mask([0, 0, 7, 7, 7], width: 3, height: 2)
    }
    #expect(throws: PixelViewError.size(width: 0, height: 2)) { try Mask([], width: 0, height: 2) }
  }
}

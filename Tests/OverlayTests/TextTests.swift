import ImageTypes
import Overlay
import Testing

@Suite struct TextTests {
  static let printable = (32...126).map { Character(Unicode.Scalar($0)) }

  @Test func everyCharacterHasAShapeWithinTheLine() {
    #expect(StrokeFont.shapes.count == 95)
    for character in Self.printable {
      let glyph = Glyph(character)
      #expect(glyph.pieces.isEmpty == (character == " "), "\(character)")
      #expect(glyph.width >= 0 && glyph.width <= 5.5, "\(character) is \(glyph.width) wide")
      for piece in glyph.pieces {
        for end in [piece.from, piece.to] {
          #expect(end.y >= -0.7 && end.y <= 8, "\(character) reaches to \(end.y)")
          #expect(end.x >= -0.3 && end.x <= 5.5, "\(character) reaches to \(end.x)")
        }
      }
    }
  }

  @Test(arguments: [1, 1.25, 3] as [Float]) func everyCharacterLooksDifferent(scale: Float) {
    var seen: [[UInt8]: Character] = [:]
    for character in Self.printable + ["\u{e9}"] {
      let line = TextLine(String(character), scale: scale)
      var image = Image(width: 24, height: 34)
      line.draw(on: &image, left: 2, top: 1, Colour(red: 255, green: 255, blue: 255))
      #expect(seen[image.pixels] == nil, "\(character) looks like \(seen[image.pixels].map(String.init) ?? "")")
      seen[image.pixels] = character
    }
    #expect(seen.count == 96)
  }

  @Test func uprightStrokesOfTheSmallestTextAreSharp() {
    var image = Image(width: 12, height: 12)
    TextLine("l", scale: 1).draw(on: &image, left: 3, top: 0, Colour(red: 255, green: 255, blue: 255))
    let row = (0..<12).map { image.pixels[(3 * 12 + $0) * 3] }
    #expect(row[3] == 255)
    #expect(row[2] < 64 && row[4] < 64)
  }

  @Test func textStaysWithinItsMeasure() {
    let words = "Wq@gjy|{}%M"
    for scale in [1, 1.5, 2.25, 4, 9] as [Float] {
      let line = TextLine(words, scale: scale)
      var image = Image(width: line.width + 20, height: line.height + 20)
      line.draw(on: &image, left: 10, top: 10, Colour(red: 255, green: 255, blue: 255))
      for y in 0..<image.height {
        for x in 0..<image.width where image.pixels[(y * image.width + x) * 3] > 100 {
          #expect(
            x >= 9 && x < line.width + 11 && y >= 10 && y < line.height + 10, "ink at (\(x), \(y)), scale \(scale)")
        }
      }
    }
  }
}

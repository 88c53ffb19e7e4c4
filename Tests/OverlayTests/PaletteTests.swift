import ImageTypes
import Overlay
import Testing

@Suite struct PaletteTests {
  /// Source: the colour table printed in the Pascal VOC 2012 development kit.
  @Test func vocColoursAreTheDevelopmentKits() {
    let known: [Int: [UInt8]] = [
      0: [0, 0, 0], 1: [128, 0, 0], 2: [0, 128, 0], 3: [128, 128, 0], 4: [0, 0, 128], 5: [128, 0, 128],
      6: [0, 128, 128], 7: [128, 128, 128], 8: [64, 0, 0], 9: [192, 0, 0], 10: [64, 128, 0], 11: [192, 128, 0],
      12: [64, 0, 128], 13: [192, 0, 128], 14: [64, 128, 128], 15: [192, 128, 128], 16: [0, 64, 0], 17: [128, 64, 0],
      18: [0, 192, 0], 19: [128, 192, 0], 20: [0, 64, 128], 255: [224, 224, 192],
    ]
    for (id, channels) in known {
      #expect(Palette.voc[id] == Colour(red: channels[0], green: channels[1], blue: channels[2]), "class \(id)")
    }
    #expect(Palette.voc.count == 256)
    #expect(Set(Palette.voc).count == 256)
  }

  @Test func wordsStandOutOnEveryPlate() {
    for colour in Palette.boxes + Palette.voc {
      let plate = colour.luminance, words = colour.textColour.luminance
      let contrast = (max(plate, words) + 0.05) / (min(plate, words) + 0.05)
      #expect(contrast >= 4.5, "\(colour) has a contrast of \(contrast)")
    }
  }

  @Test func boxColoursGoRound() {
    #expect(Palette.box(0) == Palette.box(Palette.boxes.count))
    #expect(Palette.box(-1) == Palette.boxes.last)
    #expect(Palette.box(.min) == Palette.box(Int.min + Palette.boxes.count))
    #expect(Set(Palette.boxes).count == Palette.boxes.count)
  }
}

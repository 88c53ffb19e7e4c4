import Charts
import ImageTypes
import TestSupport
import Testing

@Suite struct SheetTests {
  @Test("images are side by side, unchanged, below their captions")
  func row() {
    let picture = Synthetic.image(width: 70, height: 40), other = Synthetic.image(width: 200, height: 90)
    let sheet = Sheet(
      [Sheet.Panel(image: picture, caption: "a caption wider than it"), Sheet.Panel(image: other, caption: "b")],
      legend: [("one", Colour(red: 1, green: 2, blue: 3))]
    ).image
    // The first row of each image is contained in the sheet.
    for one in [picture, other] {
      let row = Array(one.pixels.prefix(one.width * 3))
      let places = (0..<sheet.height).filter { y in
        (0...sheet.width - one.width).contains { x in
          let at = (y * sheet.width + x) * 3
          return sheet.pixels[at] == row[0] && Array(sheet.pixels[at..<at + row.count]) == row
        }
      }
      #expect(places.count == 1)
    }
    #expect(sheet.width > 70 + 200 && sheet.height > 90 + 40)
  }

  @Test("a large image is reduced by averaging squares")
  func shrinking() {
    let image = Image(
      width: 5, height: 2,
      pixels: [0, 10, 20, 40].flatMap { [UInt8](repeating: $0, count: 3) } + [9, 9, 9]
        + [0, 10, 20, 40].flatMap { [UInt8](repeating: $0, count: 3) } + [11, 11, 11])
    let small = image.shrunk(toFit: 3)
    #expect(small.width == 3 && small.height == 1)
    #expect(small.pixels == [5, 5, 5, 30, 30, 30, 10, 10, 10])
    let same = image.shrunk(toFit: 5) == image
    #expect(same)
  }
}

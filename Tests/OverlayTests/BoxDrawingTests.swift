import ImageTypes
import Overlay
import Testing

@Suite struct BoxDrawingTests {
  static func contrast(_ a: Colour, _ b: Colour) -> Float {
    (max(a.luminance, b.luminance) + 0.05) / (min(a.luminance, b.luminance) + 0.05)
  }

  static func pixel(_ image: Image, _ x: Int, _ y: Int) -> Colour {
    let at = (y * image.width + x) * 3
    return Colour(red: image.pixels[at], green: image.pixels[at + 1], blue: image.pixels[at + 2])
  }

  /// On any line across the edge of a box, some pixel must stand out from the background.
  @Test(arguments: [100, 300, 700], [0, 60, 128, 200, 255] as [UInt8])
  func linesStandOutOnEveryGround(side: Int, ground: UInt8) {
    let grey = Colour(red: ground, green: ground, blue: ground)
    for index in Palette.boxes.indices {
      var image = Image(width: side, height: side, red: ground, green: ground, blue: ground)
      let box = Box(x1: Float(side) / 4, y1: Float(side) / 4, x2: Float(side) * 0.75, y2: Float(side) * 0.75)
      Overlay.drawBoxes([Annotation(box: box, text: "", colourIndex: index)], on: &image)
      let best = (0..<(side / 2)).map { Self.contrast(Self.pixel(image, $0, side / 2), grey) }.max() ?? 0
      #expect(best >= 3, "colour \(index) on \(ground): \(best)")
      #expect(Self.pixel(image, side / 2, side / 2) == grey)
      #expect(Self.pixel(image, 1, 1) == grey)
    }
  }

  @Test func aBoxCoversItsOwnPixels() {
    var image = Image(width: 100, height: 100, red: 255, green: 255, blue: 255)
    Overlay.drawBoxes([Annotation(box: Box(x1: 20, y1: 30, x2: 60, y2: 80), text: "", colourIndex: 1)], on: &image)
    let colour = Palette.boxes[1]
    #expect(Self.pixel(image, 20, 30) == colour)
    #expect(Self.pixel(image, 59, 79) == colour)
    #expect(Self.pixel(image, 18, 30) == Colour(red: 255, green: 255, blue: 255))
    #expect(Self.pixel(image, 61, 79) == Colour(red: 255, green: 255, blue: 255))
  }

  @Test func impossibleBoxesLeaveThePictureAlone() {
    let clean = Image(width: 64, height: 48, red: 9, green: 8, blue: 7)
    let huge = Float.greatestFiniteMagnitude
    for box in [
      Box(x1: .nan, y1: 0, x2: 10, y2: 10), Box(x1: 0, y1: 0, x2: .infinity, y2: 10),
      Box(x1: 10, y1: 10, x2: 5, y2: 20), Box(x1: 70, y1: 0, x2: 90, y2: 10), Box(x1: -9, y1: 0, x2: -1, y2: 10),
      Box(x1: 0, y1: 48, x2: 10, y2: 60), Box(x1: huge / 2, y1: 0, x2: huge, y2: 10), Box(x1: 3, y1: 3, x2: 3, y2: 9),
    ] {
      var image = clean
      Overlay.drawBoxes([Annotation(box: box, text: "person", colourIndex: 0)], on: &image)
      #expect(image == clean, "\(box)")
    }
  }

  @Test func everySizeOfPictureTakesEveryLabel() {
    let huge = Float.greatestFiniteMagnitude
    let texts = ["", "person 0.98", String(repeating: "long ", count: 4000), "\u{7bb1} \u{e9}\n\t\u{1F600}"]
    for (width, height) in [(1, 1), (1, 500), (500, 1), (7, 7), (16, 12), (33, 20), (100, 100), (3000, 9)] {
      for text in texts {
        var image = Image(width: width, height: height)
        let boxes = [
          Box(x1: -huge, y1: -huge, x2: huge, y2: huge), Box(x1: 0, y1: 0, x2: 0.01, y2: 0.01),
          Box(x1: Float(width) - 0.01, y1: Float(height) - 0.01, x2: Float(width), y2: Float(height)),
        ]
        Overlay.drawBoxes(boxes.map { Annotation(box: $0, text: text, colourIndex: .max) }, on: &image)
        #expect(image.pixels.contains { $0 != 0 })
      }
    }
  }

  /// For every position of the box its whole plate is inside the image: it has as many plate and text pixels as a plate
  /// without an edge nearby.
  @Test func platesStayInsideThePicture() {
    func platePixels(_ box: Box) -> Int {
      var with = Image(width: 400, height: 300, red: 1, green: 2, blue: 3)
      var without = with
      Overlay.drawBoxes([Annotation(box: box, text: "potted plant 0.50", colourIndex: 4)], on: &with)
      Overlay.drawBoxes([Annotation(box: box, text: "", colourIndex: 4)], on: &without)
      return (0..<(400 * 300)).count { with.pixels[$0 * 3] != without.pixels[$0 * 3] }
    }
    let open = platePixels(Box(x1: 100, y1: 100, x2: 390, y2: 290))
    #expect(open > 1000)
    for box in [
      Box(x1: 0, y1: 0, x2: 400, y2: 300), Box(x1: 380, y1: 0, x2: 400, y2: 20),
      Box(x1: 390, y1: 290, x2: 400, y2: 300),
      Box(x1: 0, y1: 290, x2: 10, y2: 300), Box(x1: 0, y1: 0, x2: 10, y2: 10),
    ] {
      // A few pixels may be missing where plate and line overlap or an edge is outside.
      #expect(Double(platePixels(box)) > 0.7 * Double(open), "\(box): \(platePixels(box)) of \(open)")
    }
  }

  @Test func labelsOfTheSameBoxAvoidEachOther() {
    let box = Box(x1: 50, y1: 100, x2: 350, y2: 250)
    func ink(_ texts: [String]) -> Int {
      var image = Image(width: 400, height: 300, red: 1, green: 2, blue: 3)
      Overlay.drawBoxes(texts.map { Annotation(box: box, text: $0, colourIndex: 2) }, on: &image)
      return (0..<(400 * 300)).count { BoxDrawingTests.pixel(image, $0 % 400, $0 / 400) == Palette.boxes[2] }
    }
    let none = ink([""]), one = ink(["dog 0.90"]), three = ink(["dog 0.90", "dog 0.90", "dog 0.90"])
    #expect(three - none > 2 * (one - none))
  }
}

import ImageCodecs
import ImageTypes
import ModelFiles
import Processing
import TestSupport
import Testing
import Vision

/// The default detector on wide, high and large images: a sample's person pasted onto plain backgrounds.
@Suite(
  .enabled(if: TestData.model("person-ssdlite") != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
struct WidePictureTests {
  /// Her box in the sample of 512 by 512 pixels, drawn by hand.
  private static let person = Box(x1: 20, y1: 14, x2: 365, y2: 512)

  private static func detector() throws -> Detector {
    try Detector(ModelFile.open(path: TestData.model("person-ssdlite")!), threads: 2)
  }

  /// The sample at another size, antialiased.
  private static func astronaut(_ size: Int) throws -> Image {
    let card = InputCard(
      width: size, height: size, fit: .stretch, grid: .halfPixel, antialias: true, mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    let values = try Preprocessor(card).prepare(ImageFile.read(path: TestData.sample("astronaut.png"))).tensor.values()
    return Image(
      width: size, height: size, pixels: values.map { UInt8(min(max($0.rounded(.toNearestOrEven), 0), 255)) })
  }

  /// Copies an image onto another one, and returns her new box.
  @discardableResult private static func paste(_ picture: Image, onto canvas: inout Image, x: Int, y: Int) -> Box {
    for row in 0..<picture.height {
      let start = ((y + row) * canvas.width + x) * 3
      canvas.pixels.replaceSubrange(
        start..<start + picture.width * 3,
        with: picture.pixels[row * picture.width * 3..<(row + 1) * picture.width * 3])
    }
    let scale = Float(picture.width) / 512
    return Box(x1: person.x1 * scale, y1: person.y1 * scale, x2: person.x2 * scale, y2: person.y2 * scale)
      .moved(x: Float(x), y: Float(y))
  }

  private static func options(_ views: Views) -> DetectionOptions {
    var options = DetectionOptions()
    options.views = views
    options.scoreThreshold = 0.5
    return options
  }

  @Test("a person detected in a square is in the result, once", arguments: [(768, 432), (432, 768), (1296, 432)])
  func onceWhereASquareFindsHer(width: Int, height: Int) throws {
    let detector = try Self.detector()
    var (places, whole, squares, found) = (0, 0, 0, 0)
    for size in [432, 300, 200] {
      let astronaut = try Self.astronaut(size)
      for step in 0...8 {
        var canvas = Image(width: width, height: height, red: 128, green: 128, blue: 128)
        let (slackX, slackY) = (width - size, height - size)
        let place = Self.paste(
          astronaut, onto: &canvas, x: width > height ? slackX * step / 8 : slackX,
          y: width > height ? slackY : slackY * step / 8)
        places += 1
        func isThere(_ detection: Detection, _ dx: Int = 0, _ dy: Int = 0) -> Bool {
          detection.box.moved(x: Float(dx), y: Float(dy)).iou(with: place) > 0.5
        }
        let bySquares = try ViewLayout(.auto, width: width, height: height).views.dropFirst().contains { view in
          try detector.detect(SmallModels.crop(canvas, view.region), Self.options(.whole))
            .contains { isThere($0, view.region.x, view.region.y) }
        }
        if try detector.detect(canvas, Self.options(.whole)).contains(where: { isThere($0) }) { whole += 1 }
        let answer = try detector.detect(canvas, Self.options(.auto))
        if bySquares {
          squares += 1
          #expect(answer.count { isThere($0) } == 1, "\(size) at step \(step): \(answer)")
        }
        // No part of her remains beside her.
        let doubles = answer.filter { !isThere($0) && $0.box.overlapOfSmaller(with: place) > 0.75 }
        #expect(doubles.isEmpty, "\(size) at step \(step): \(doubles)")
        if answer.contains(where: { isThere($0) }) { found += 1 }
      }
    }
    print("\(width)x\(height): of \(places) whole finds \(whole), a square \(squares), both merged \(found)")
    #expect(found >= squares && squares > whole)
  }

  @Test("two people side by side give two detections")
  func neighbours() throws {
    var canvas = Image(width: 768, height: 432, red: 128, green: 128, blue: 128)
    let astronaut = try Self.astronaut(400)
    let right = Self.paste(astronaut, onto: &canvas, x: 330, y: 32)
    let left = Self.paste(astronaut, onto: &canvas, x: 40, y: 32)
    let found = try Self.detector().detect(canvas, Self.options(.auto))
    #expect(found.count == 2, "\(found)")
    for place in [left, right] { #expect(found.contains { $0.box.iou(with: place) > 0.5 }, "\(found)") }
  }

  @Test(
    "the samples, which are not wider than 4:3, have the same results as before",
    arguments: ["astronaut.png", "grace_hopper.jpg"])
  func samples(name: String) throws {
    let image = try ImageFile.read(path: TestData.sample(name))
    let detector = try Self.detector()
    let found = try detector.detect(image, Self.options(.auto))
    #expect(found.count == 1)
    #expect(try found == detector.detect(image, Self.options(.whole)))
  }

  /// On a plain background the detector itself misses two of them at this size.
  ///
  /// The test is that no detection of a slice is lost or duplicated.
  @Test("slices detect small people in an image of 12 million pixels, none twice")
  func slices() throws {
    var canvas = Image(width: 4000, height: 3000, red: 128, green: 128, blue: 128)
    let sizes = [160, 220, 300]
    let astronauts = try sizes.map { try Self.astronaut($0) }
    let corners = [(0, 0), (500, 350), (1_930, 1_200), (3_100, 400), (3_700, 2_700), (900, 2_400), (2_500, 2_000)]
    let places = corners.enumerated().map { index, corner in
      Self.paste(astronauts[index % 3], onto: &canvas, x: corner.0, y: corner.1)
    }
    let detector = try Self.detector()
    let whole = try detector.detect(canvas, Self.options(.auto))
    let found = try detector.detect(canvas, Self.options(.slices(size: 640, overlap: 0.2)))
    let counts = places.map { place in found.count { $0.box.iou(with: place) > 0.5 } }
    #expect(counts.allSatisfy { $0 <= 1 } && counts.count { $0 == 1 } >= 5, "\(counts): \(found)")
    #expect(found.count == counts.reduce(0, +), "\(found)")
    print("4000x3000: \(whole.count) found without slices, \(found.count) of \(places.count) with")
    #expect(whole.isEmpty, "\(whole)")
  }
}

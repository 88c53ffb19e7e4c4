import Checkpoints
import ImageTypes
import ModelFiles
import Processing
import TestSupport
import Testing
import Vision

private let source = "models/deeplabv3_257_mv_gpu.tflite"

/// Class maps against LiteRT's on the float DeepLabV3-lite of the development data.
@Suite(.enabled(if: TestData.has(source), Comment(rawValue: TestData.absence(of: source))))
struct SegmentationGoldenTests {
  private struct Answers: Decodable {
    struct Picture: Decodable {
      let file: String
      let pixels: String
      let shrunk: String
      /// Pairs of class and length, row by row.
      let runs: [Int]
      let iou: Float?

      func ids() -> [UInt8] {
        stride(from: 0, to: runs.count, by: 2).flatMap { [UInt8](repeating: UInt8(runs[$0]), count: runs[$0 + 1]) }
      }
      var path: (root: String, file: String) {
        file.hasPrefix("Samples/") ? (TestData.packageRoot, file) : (TestData.dataRoot!, file)
      }
    }
    let size: Int
    let pictures: [Picture]
  }

  private func segmenter(fit: InputCard.Fit? = nil) throws -> Segmenter {
    let path = TestData.path(source)!
    let model = try Importer.importCheckpoint(path: path)
    var card = model.card
    if let fit { card.input.fit = fit }
    return try Segmenter(ModelFile(path: path, card: card, weights: model.weights), threads: 2)
  }

  /// The image at the network's size as bytes, computed as in the generator.
  private func shrunk(_ image: Image, to size: Int) throws -> Image {
    let card = InputCard(
      width: size, height: size, fit: .stretch, grid: .halfPixel, antialias: false, mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    let values = try Preprocessor(card).prepare(image).tensor.values()
    return Image(width: size, height: size, pixels: values.map { UInt8($0.rounded(.toNearestOrEven)) })
  }

  private func agreement(_ a: [UInt8], _ b: [UInt8]) -> Double {
    Double(zip(a, b).count { $0 == $1 }) / Double(b.count)
  }

  @Test("agrees with LiteRT's own map on at least 99.9% of the pixels")
  func ownSize() throws {
    let segmenter = try segmenter()
    let answers = try Golden.load("deeplab_257.json", as: Answers.self)
    for one in answers.pictures {
      let image = try picture(one.path.file, in: one.path.root)
      #expect(digest(image) == one.pixels, "\(one.file)")
      let small = try shrunk(image, to: answers.size)
      #expect(digest(small) == one.shrunk, "\(one.file)")
      let share = agreement(try segmenter.segment(small).ids, one.ids())
      print("\(one.file): \(share * 100)% of the pixels agree with LiteRT")
      #expect(share >= 0.999, "\(one.file)")
    }
  }

  @Test("a mask has the image's size and agrees with the small one")
  func pictureSize() throws {
    // LiteRT's inputs were stretched images.
    let segmenter = try segmenter(fit: .stretch)
    let answers = try Golden.load("deeplab_257.json", as: Answers.self)
    for one in answers.pictures {
      let image = try picture(one.path.file, in: one.path.root)
      let mask = try segmenter.segment(image, views: .whole)
      #expect(mask.width == image.width && mask.height == image.height)
      let size = answers.size
      let ids = one.ids()
      let enlarged = (0..<image.height).flatMap { y in
        (0..<image.width).map { x in ids[y * size / image.height * size + x * size / image.width] }
      }
      let share = agreement(mask.ids, enlarged)
      print("\(one.file): \(share * 100)% of \(image.width)x\(image.height) agree with LiteRT's map enlarged")
      #expect(share >= 0.97, "\(one.file)")
    }
  }

  @Test("the mask of a letterboxed image has the image's size and contains no padding", arguments: [false, true])
  func letterboxed(tall: Bool) throws {
    let segmenter = try segmenter(fit: .letterbox)
    // A cat at the left or the top of a long strip of one colour.
    let cat = try picture("Samples/chelsea.png", in: TestData.packageRoot)
    let (width, height) = tall ? (cat.width, cat.height * 3) : (cat.width * 3, cat.height)
    var strip = Image(width: width, height: height, red: 128, green: 128, blue: 128)
    for y in 0..<cat.height {
      let row = cat.pixels[y * cat.width * 3..<(y + 1) * cat.width * 3]
      strip.pixels.replaceSubrange(y * width * 3..<y * width * 3 + row.count, with: row)
    }
    let mask = try segmenter.segment(strip, views: .whole)
    #expect(mask.width == width && mask.height == height)
    let cats = mask.ids.indices.filter { mask.ids[$0] == 8 }
    let inside = cats.count { $0 % width < cat.width && $0 / width < cat.height }
    #expect(cats.count > cat.width * cat.height / 3)
    #expect(Double(inside) > 0.95 * Double(cats.count))
  }

  @Test("the mask of the bird is as good as LiteRT's")
  func bird() throws {
    let answers = try Golden.load("deeplab_257.json", as: Answers.self)
    let expected = try #require(answers.pictures.compactMap(\.iou).first)
    let truth = try Bitmap(path: try #require(TestData.path("images/bird_segmentation_mask.bmp"))).numbers
    let mask = try segmenter().segment(picture("images/bird_segmentation.bmp", in: TestData.dataRoot!))
    let both = zip(mask.ids, truth).count { $0 == 3 && $1 == 3 }
    let either = zip(mask.ids, truth).count { $0 == 3 || $1 == 3 }
    let found = Float(both) / Float(either)
    print("bird: intersection over union \(found), LiteRT's \(expected)")
    #expect(found >= expected - 0.01)
  }
}

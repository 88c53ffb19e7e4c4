import ImageCodecs
import ImageTypes
import ModelFiles
import TestSupport
import Testing
import Vision

/// Whole detections against TensorFlow's on the same graph and pixels.
@Suite(
  .enabled(if: TestData.model("person-ssdlite") != nil, Comment(rawValue: TestData.absence(ofModel: "person-ssdlite"))))
struct DetectionGoldenTests {
  private struct Answers: Decodable {
    struct Picture: Decodable {
      let file: String
      let width: Int
      let height: Int
      let pixels: String
      let detections: [Found]
    }
    struct Found: Decodable {
      let score: Float
      /// ymin, xmin, ymax, xmax, relative.
      let box: [Float]
    }
    let threshold: Float
    let pictures: [Picture]
  }

  /// Detections with a score above `certain` are compared.
  private static let certain: Float = 0.3
  private static let overlap: Float = 0.99
  private static let scoreTolerance: Float = 0.002

  /// Debug builds are slow: they test one image in eight of the long lists.
  private static let step: Int = {
    #if DEBUG
      return 8
    #else
      return 1
    #endif
  }()

  private func compare(_ name: String, root: String) throws {
    let answers = try Golden.load(name, as: Answers.self)
    let pictures = answers.pictures.enumerated().filter { answers.pictures.count < 10 || $0.offset % Self.step == 0 }
      .map(\.element)
    let detector = try Detector(ModelFile.open(path: TestData.model("person-ssdlite")!), threads: 2)
    var options = DetectionOptions()
    options.scoreThreshold = answers.threshold
    // TensorFlow's graph stretches every image.
    options.views = .whole
    var matched = 0
    var lowestOverlap: Float = 1
    var largestDifference: Float = 0
    var otherPixels: [String] = []
    for one in pictures {
      let image = try picture(one.file, in: root)
      #expect(image.width == one.width && image.height == one.height, "\(one.file)")
      if digest(image) != one.pixels { otherPixels.append(one.file) }
      let found = try detector.detect(image, options)
      let expected = one.detections.map { detection -> (score: Float, box: Box) in
        let (width, height) = (Float(image.width), Float(image.height))
        let box = detection.box
        return (
          detection.score, Box(x1: box[1] * width, y1: box[0] * height, x2: box[3] * width, y2: box[2] * height)
        )
      }
      var free = Set(found.indices)
      for detection in expected where detection.score > Self.certain {
        let best = free.max { found[$0].box.iou(with: detection.box) < found[$1].box.iou(with: detection.box) }
        guard let best else {
          Issue.record("\(one.file): nothing left for \(detection)")
          continue
        }
        free.remove(best)
        let overlap = found[best].box.iou(with: detection.box)
        let difference = abs(found[best].score - detection.score)
        #expect(
          overlap >= Self.overlap && difference <= Self.scoreTolerance, "\(one.file): \(found[best]), \(detection)")
        lowestOverlap = min(lowestOverlap, overlap)
        largestDifference = max(largestDifference, difference)
        matched += 1
      }
      // No other detections: any others match TensorFlow's less certain ones.
      for index in free where found[index].score > answers.threshold + Self.scoreTolerance {
        let match = expected.contains {
          $0.box.iou(with: found[index].box) >= Self.overlap
            && abs($0.score - found[index].score) <= Self.scoreTolerance
        }
        #expect(match, "\(one.file): \(found[index]) is not TensorFlow's")
      }
    }
    print(
      "\(name): \(matched) detections in \(pictures.count) pictures, lowest overlap \(lowestOverlap), largest",
      "difference of scores \(largestDifference); decoded to other pixels: \(otherPixels)")
    #expect(otherPixels.isEmpty)
  }

  @Test("samples of the package") func samples() throws {
    try compare("detections_samples.json", root: TestData.packageRoot + "/Samples")
  }

  @Test(
    "images of the development data",
    .enabled(if: TestData.has("images"), Comment(rawValue: TestData.absence(of: "images"))),
    arguments: ["images", "coco128_0", "coco128_1", "voc"])
  func data(name: String) throws {
    try compare("detections_\(name).json", root: TestData.dataRoot!)
  }
}

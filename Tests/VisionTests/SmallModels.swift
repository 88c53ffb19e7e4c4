import Backbone
import Graphs
import ImageTypes
import ModelFiles
import TestSupport
import Vision

/// Small models with random weights: their outputs are meaningless, but reproducible.
enum SmallModels {
  /// The image of a region alone.
  static func crop(_ image: Image, _ region: ImageRegion) -> Image {
    var pixels: [UInt8] = []
    for y in region.rows {
      let start = (y * image.width + region.x) * 3
      pixels += image.pixels[start..<start + region.width * 3]
    }
    return Image(width: region.width, height: region.height, pixels: pixels)
  }

  /// - Parameters:
  ///   - width: columns of the input, and its rows unless `height` is given.
  static func detector(width: Int = 96, height: Int? = nil, multiplier: Double = 0.35) -> ModelFile {
    var card = card(.detect, width, height ?? width, multiplier)
    card.labels = (1..<4).map { ClassLabel(output: $0, id: $0 * 10, name: "thing \($0)") }
    card.detection = DetectionCard(
      outputs: 4, scoreActivation: .sigmoid, backgroundOutput: 0, boxCoder: [10, 10, 5, 5], minimumScale: 0.2,
      maximumScale: 0.95, maps: 6, scoreThreshold: 0.3, iouThreshold: 0.6, maximumDetections: 100)
    return random("boxes", card, seed: 7)
  }

  /// - Parameter pyramid: whether the head is a feature pyramid, else DeepLabV3-lite.
  static func segmenter(
    width: Int = 96, height: Int? = nil, multiplier: Double = 0.35, pyramid: Bool = false
  ) throws -> ModelFile {
    var card = card(.segment, width, height ?? width, multiplier)
    card.labels = (0..<5).map { ClassLabel(output: $0, id: $0, name: "class \($0)") }
    card.segmentation = SegmentationCard(
      outputs: 5, backgroundID: 0, voidID: 255, upsampling: .alignCorners, batchNormEpsilon: 1e-5)
    if pyramid {
      card.segmentation?.pyramid = PyramidCard(levels: ["block16", "block13/expansion", "block4"], widths: [16, 9])
    }
    return random("masks", card, seed: 9)
  }

  /// Six classes, the fourth without a name.
  static func classifier() -> ModelFile {
    var card = card(.classify, 96, 96, 0.35)
    card.classifierOutputs = 6
    card.labels = [0, 1, 2, 4, 5].map { ClassLabel(output: $0, id: $0 * 10, name: "thing \($0)") }
    return random("classes", card, seed: 11)
  }

  /// The model of a card with random weights.
  static func random(_ path: String, _ card: ModelCard, seed: UInt64 = 1) -> ModelFile {
    do { return ModelFile(path: path, card: card, weights: .random(try Graph(card).parameters, seed: seed)) } catch {
      preconditionFailure("\(error)")
    }
  }

  private static func card(_ task: ModelCard.Task, _ width: Int, _ height: Int, _ multiplier: Double) -> ModelCard {
    let half: [Float] = [127.5, 127.5, 127.5]
    return ModelCard(
      name: "small", task: task, family: "test",
      provenance: Provenance(origin: "a test", licence: "none", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: multiplier, outputStride: 32, padding: .same, batchNormEpsilon: 1e-3,
        hasLastConvolution: true),
      input: InputCard(
        width: width, height: height, fit: .stretch, grid: .halfPixel, antialias: false, mean: half,
        standardDeviation: half))
  }

  /// An image of random bytes.
  static func picture(_ width: Int, _ height: Int, seed: UInt64) -> Image {
    var random = SplitMix64(seed: seed)
    var pixels = [UInt8]()
    pixels.reserveCapacity(width * height * 3 + 8)
    while pixels.count < width * height * 3 {
      let number = random.next()
      for shift in 0..<8 { pixels.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
    }
    pixels.removeLast(pixels.count - width * height * 3)
    return Image(width: width, height: height, pixels: pixels)
  }
}

import Backbone
import Files
import SSDLite
import TestSupport
import Testing
import Vision

/// Logits, boxes and masks are bitwise equal for any number of threads, in any order, alone and in a batch.
@Suite(.timeLimit(.minutes(10))) struct BitIdentityTests {
  private static let pictures = [(193, 161), (90, 240), (33, 33), (301, 77)].enumerated().map { index, size in
    SmallModels.picture(size.0, size.1, seed: UInt64(index))
  }
  private static let (width, height) = (161, 129)
  private static let boxes = SmallModels.detector(width: width, height: height, multiplier: 1)
  private static let masks = Result {
    try SmallModels.segmenter(width: width, height: height, multiplier: 1)
  }

  private static func digest(_ values: [Float]) -> String {
    SHA256.hexDigest(
      of: values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } })
  }

  /// A network's input, different for each index.
  private static func input(_ index: Int) -> [Float] {
    var random = SplitMix64(seed: UInt64(100 + index))
    return random.floats(width * height * 3)
  }

  /// Digests of a model's outputs for each image, computed in that order; by the image's index.
  private static func digests(threads: Int, order: [Int]) throws -> [Int: [String: String]] {
    let detector = try Detector(boxes, threads: threads)
    let segmenter = try Segmenter(masks.get(), threads: threads)
    var all: [Int: [String: String]] = [:]
    for index in order {
      let shape = Shape(height: height, width: width, channels: 3)
      let taps: [Tap] = [.expansion(13), .last]
      let maps = try detector.network.features(of: Tensor(shape, input(index)), taps: taps)
      let logits = try BoxLogits(detector.network, Tensor(shape, input(index)), outputs: 4)
      let classes = try segmenter.network.outputs(of: Tensor(shape, input(index)))[0]
      let found = try detector.detect(pictures[index])
      #expect(!found.isEmpty)
      let mask = try segmenter.segment(pictures[index])
      #expect(mask.pixelCounts().count > 1)
      all[index] = [
        "maps": digest(taps.flatMap { maps[$0].tensor.values() }), "codes": digest(logits.codes),
        "logits": digest(logits.logits), "classes": digest(classes.tensor.values()),
        "boxes": digest(
          found.flatMap { [Float($0.id), $0.score, $0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }),
        "mask": SHA256.hexDigest(of: mask.ids),
      ]
    }
    return all
  }

  @Test func anyNumberOfThreadsInAnyOrder() throws {
    let expected = try Self.digests(threads: 1, order: [0, 1, 2, 3])
    // Different images have different outputs, or equality would prove nothing.
    for key in expected[0]!.keys { #expect(Set(expected.values.map { $0[key] }).count == 4, "\(key)") }
    for (threads, order) in [(1, [3, 2, 1, 0]), (2, [2, 0, 3, 1]), (4, [0, 1, 2, 3, 0]), (8, [1, 3, 0, 2, 2])] {
      let found = try Self.digests(threads: threads, order: order)
      #expect(found == expected, "\(threads) threads, order \(order)")
    }
  }

  @Test(arguments: [1, 2, 4, 8]) func aBatchIsItsPictures(threads: Int) throws {
    let backbone = try Detector(Self.boxes, threads: threads).network
    let taps: [Tap] = [.block(3), .expansion(13), .last]
    let shape = Shape(batch: 4, height: Self.height, width: Self.width, channels: 3)
    let one = Shape(height: Self.height, width: Self.width, channels: 3)
    let single = try Detector(Self.boxes, threads: 1).network
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
      let batch = try backbone.features(of: Tensor(shape, order.flatMap(Self.input)), taps: taps)
      for (place, index) in order.enumerated() {
        let alone = try single.features(of: Tensor(one, Self.input(index)), taps: taps)
        for tap in taps {
          let count = alone[tap].shape.count
          let part = Array(batch[tap].tensor.values()[place * count..<(place + 1) * count])
          #expect(Self.digest(part) == Self.digest(alone[tap].tensor.values()), "\(tap), place \(place)")
        }
      }
    }
  }
}

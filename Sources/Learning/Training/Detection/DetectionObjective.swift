import Datasets
import Evaluation
import ImageTypes
import Kernels
import ModelFiles
import Processing
import SSDLite
import Synchronization

/// SSD's loss on the outputs of every map, and an estimate of COCO's AP50.
///
/// The estimate uses cached features, in half precision and of images resized as for training, without boxes of the
/// lowest scores. Evaluation runs the finished model.
///
/// A sample's ground truth is `DetectionTruth`.
package final class DetectionObjective: Objective {
  private let card: DetectionCard
  private let loss: DetectionLoss
  private let boxes: DefaultBoxes
  private let maps: [(height: Int, width: Int)]
  private let divisors: [4 of Float]
  private var samples: [BoxSample] = []

  /// - Parameter maps: rows and columns of each map, shallow to deep.
  package init(_ card: DetectionCard, input: InputCard, maps: [(height: Int, width: Int)], loss: DetectionLoss) {
    self.card = card
    self.loss = loss
    self.maps = maps
    boxes = DefaultBoxes(
      maps: maps, minimumScale: card.minimumScale, maximumScale: card.maximumScale, inputHeight: input.height,
      inputWidth: input.width)
    divisors = [card.boxCoder[0], card.boxCoder[1], card.boxCoder[2], card.boxCoder[3]]
  }

  package var metricName: String { "estimated AP50" }

  /// A picture's part of the outputs of one kind, one map after the other; `kind` is 0 for box codes, 1 for class
  /// logits.
  private func gather(_ network: TrainableNetwork, kind: Int, picture: Int) -> [Float] {
    var values: [Float] = []
    for map in maps.indices {
      let answer = network.answer(map * 2 + kind)
      let count = answer.count / network.batch
      values += answer.part(picture * count, count).values
    }
    return values
  }

  private func scatter(_ gradient: [Float], _ network: TrainableNetwork, kind: Int, picture: Int) {
    var place = 0
    for map in maps.indices {
      let target = network.answerGradient(map * 2 + kind)
      let count = target.count / network.batch
      target.part(picture * count, count).set(Array(gradient[place..<place + count]))
      place += count
    }
  }

  package func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double {
    let size = DetectionTruth.size
    let targets = (0..<network.batch).map { picture in
      let truth = DetectionTruth(bytes: truth[picture * size..<(picture + 1) * size])
      return DetectionTargets(boxes, truths: truth.things, ignored: truth.ignored, divisors: divisors)
    }
    let normaliser = max(targets.reduce(0) { $0 + $1.positives }, 1)
    let losses = Mutex([Double](repeating: 0, count: network.batch))
    network.kernels.session.pool.run(network.batch) { picture, _ in
      let codes = gather(network, kind: 0, picture: picture)
      let logits = gather(network, kind: 1, picture: picture)
      var codeGradient = [Float](repeating: 0, count: codes.count)
      var logitGradient = [Float](repeating: 0, count: logits.count)
      var codeSpan = codeGradient.mutableSpan
      var logitSpan = logitGradient.mutableSpan
      let part = loss(
        codes: codes.span, logits: logits.span, targets[picture], normaliser: normaliser, codeGradient: &codeSpan,
        logitGradient: &logitSpan)
      scatter(codeGradient, network, kind: 0, picture: picture)
      scatter(logitGradient, network, kind: 1, picture: picture)
      losses.withLock { $0[picture] = part }
    }
    // Added in the pictures' order, whatever the order of the threads.
    return losses.withLock { $0.reduce(0, +) }
  }

  package func beginMetric() { samples = [] }

  package func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int) {
    let size = DetectionTruth.size
    let suppression = NonMaximumSuppression(
      mode: .perClass, iouThreshold: card.iouThreshold, limit: COCOEvaluation.maximumDetections)
    for picture in 0..<count {
      let logits = BoxLogits(
        outputs: card.outputs, maps: maps, codes: gather(network, kind: 0, picture: picture),
        logits: gather(network, kind: 1, picture: picture))
      let found = suppression.apply(to: logits.candidates(card, anchors: boxes, threshold: 0.01))
      let truth = DetectionTruth(bytes: truth[picture * size..<(picture + 1) * size])
      samples.append(
        BoxSample(
          truth: truth.things.map { TrueBox(classIndex: $0.classIndex - 1, extent: Extent($0.box)) }
            + truth.ignoredThings.map {
              TrueBox(classIndex: $0.classIndex - 1, extent: Extent($0.box), isCrowd: $0.isCrowd, isDifficult: true)
            },
          found: found.map {
            FoundBox(classIndex: $0.output - 1, score: Double($0.score), extent: Extent($0.box.clippedToInput))
          }))
    }
  }

  /// COCO's AP50 of each class but the background; `nil` for a class without ground truth.
  private var precisions: [Double?] {
    COCOEvaluation.curves(samples, classes: card.outputs - 1).map { $0?.cocoAveragePrecision }
  }

  package var metric: Double {
    let present = precisions.compactMap { $0 }
    return present.isEmpty ? 0 : present.reduce(0, +) / Double(present.count)
  }
}

extension Box {
  /// The part inside the input; coordinates are relative to it.
  fileprivate var clippedToInput: Box {
    Box(x1: min(max(x1, 0), 1), y1: min(max(y1, 0), 1), x2: min(max(x2, 0), 1), y2: min(max(y2, 0), 1))
  }
}

/// The ground-truth boxes of a sample in a fixed number of bytes; the largest ones where there are too many.
package struct DetectionTruth {
  /// The greatest number of boxes.
  package static let limit = 120
  private static let record = 18
  /// Bytes: the number of boxes, then for each its class, its kind and four fp32 coordinates.
  package static let size = 1 + limit * record

  /// A box relative to the input.
  package struct Thing {
    package let box: Box
    package let classIndex: Int
    package let isDifficult, isCrowd: Bool
  }

  private let all: [Thing]

  /// The boxes that count as ground truth.
  package var things: [(box: Box, classIndex: Int)] {
    all.filter { !$0.isDifficult && !$0.isCrowd }.map { ($0.box, $0.classIndex) }
  }
  /// The ignored boxes: difficult ones and crowds.
  package var ignoredThings: [Thing] { all.filter { $0.isDifficult || $0.isCrowd } }
  package var ignored: [Box] { ignoredThings.map(\.box) }

  /// The ground truth of a picture of the input's size.
  package init(_ picture: LabelledImage) {
    let (width, height) = (Float(picture.image.width), Float(picture.image.height))
    let largest = picture.boxes.enumerated().sorted {
      ($1.element.box.area, $0.offset) < ($0.element.box.area, $1.offset)
    }
    all = largest.prefix(DetectionTruth.limit).map { _, truth in
      let box = truth.box
      return Thing(
        box: Box(x1: box.x1 / width, y1: box.y1 / height, x2: box.x2 / width, y2: box.y2 / height),
        classIndex: truth.classIndex, isDifficult: truth.difficult, isCrowd: truth.crowd)
    }
  }

  package init(bytes: ArraySlice<UInt8>) {
    precondition(bytes.count == DetectionTruth.size, "\(bytes.count) bytes of truth")
    let start = bytes.startIndex
    all = (0..<Int(bytes[start])).map { index in
      let record = start + 1 + index * DetectionTruth.record
      func number(_ place: Int) -> Float {
        let at = record + 2 + place * 4
        return Float(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (UInt32($1) * 8) })
      }
      return Thing(
        box: Box(x1: number(0), y1: number(1), x2: number(2), y2: number(3)), classIndex: Int(bytes[record]),
        isDifficult: bytes[record + 1] & 1 != 0, isCrowd: bytes[record + 1] & 2 != 0)
    }
  }

  package var bytes: [UInt8] {
    var bytes = [UInt8(all.count)]
    for thing in all {
      bytes += [UInt8(thing.classIndex), (thing.isDifficult ? 1 : 0) | (thing.isCrowd ? 2 : 0)]
      for value in [thing.box.x1, thing.box.y1, thing.box.x2, thing.box.y2] {
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
      }
    }
    return bytes + [UInt8](repeating: 0, count: DetectionTruth.size - bytes.count)
  }
}

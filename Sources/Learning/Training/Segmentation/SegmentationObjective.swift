import ImageTypes
import Kernels
import Tensors

/// Softmax cross-entropy of logits upsampled to the input's size, an optional soft Dice loss, and an estimate of the
/// mean IoU.
///
/// The estimate uses cached features, in half precision, at the input's size. Evaluation runs the finished model at
/// each image's own size.
///
/// A sample's ground truth is its label map at the input's size, row by row. A label that is not a class is the ignore
/// index. With a teacher, its probabilities at the logits' grid follow.
package final class SegmentationObjective: Objective {
  private let classes: Int
  private let height, width: Int
  private let weights: [Float]
  private let dice: Float
  private let upsampling: SamplingGrid
  /// The weight of a teacher's probabilities, the labels having the rest; `nil` without a teacher.
  private let teacherWeight: Float?
  /// counts[ground truth * classes + prediction].
  private var confusion: [Int]

  /// - Parameters:
  ///   - height: rows of the network's input.
  ///   - weights: the weight of each class's pixels.
  ///   - dice: the weight of the soft Dice loss beside the cross-entropy.
  ///   - teacherWeight: the weight of a teacher's probabilities in [0, 1]; `nil` where samples have labels alone.
  package init(
    height: Int, width: Int, weights: [Float], dice: Float = 0, upsampling: SamplingGrid, teacherWeight: Float? = nil
  ) {
    precondition(weights.count >= 2 && weights.count <= 255, "\(weights.count) classes")
    classes = weights.count
    self.height = height
    self.width = width
    self.weights = weights
    self.dice = dice
    self.upsampling = upsampling
    self.teacherWeight = teacherWeight
    confusion = [Int](repeating: 0, count: classes * classes)
  }

  package var metricName: String { "estimated mean IoU" }

  private func taps(_ shape: Shape) -> (rows: LinearTaps, columns: LinearTaps) {
    (
      LinearTaps(upsampling, input: shape.height, output: height),
      LinearTaps(upsampling, input: shape.width, output: width)
    )
  }

  package func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double {
    let (rows, columns) = taps(network.answerShape())
    let gradient = network.answerGradient()
    func loss(_ labels: [UInt8]) -> Double {
      PixelLoss(
        rows: rows, columns: columns, pictures: network.batch, classes: classes, weights: weights, dice: dice
      ).evaluate(network.kernels, network.answer(), labels: labels, gradient: gradient)
    }
    guard let teacherWeight else { return loss(truth) }
    var labels: [UInt8] = []
    var soft: [UInt8] = []
    let record = truth.count / network.batch
    for start in stride(from: 0, to: truth.count, by: record) {
      labels += truth[start..<start + height * width]
      soft += truth[start + height * width..<start + record]
    }
    let labelled = loss(labels) * Double(1 - teacherWeight)
    gradient.set(gradient.values.map { $0 * (1 - teacherWeight) })
    return labelled
      + SoftLoss(classes: classes).evaluate(
        network.kernels, network.answer(), pictures: network.batch, soft: soft, weight: teacherWeight,
        gradient: gradient)
  }

  package func beginMetric() { confusion = [Int](repeating: 0, count: classes * classes) }

  package func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int) {
    let shape = network.answerShape()
    let (rows, columns) = taps(shape)
    let session = network.kernels.session
    let masks = MaskRows(session.kernels, on: session.pool, rows: rows, columns: columns, classes: classes)
    let pixels = shape.pixels * classes
    let record = truth.count / network.batch
    for picture in 0..<count {
      let found = masks.labels(network.answer().part(picture * pixels, pixels).values.span)
      for (index, id) in found.enumerated() {
        let label = Int(truth[picture * record + index])
        if label < classes { confusion[label * classes + Int(id)] += 1 }
      }
    }
  }

  /// Intersection over union of each class; `nil` for a class in neither the ground truth nor the predictions.
  private var ious: [Double?] {
    (0..<classes).map { k in
      let hits = confusion[k * classes + k]
      let union = (0..<classes).reduce(-hits) { $0 + confusion[k * classes + $1] + confusion[$1 * classes + k] }
      return union > 0 ? Double(hits) / Double(union) : nil
    }
  }

  package var metric: Double {
    let present = ious.compactMap { $0 }
    return present.isEmpty ? 0 : present.reduce(0, +) / Double(present.count)
  }
}

import Datasets
import Kernels
import Tensors

/// Softmax cross-entropy of one pixel's logits, and an estimate of the top-1 accuracy.
///
/// The estimate uses cached features, in half precision and of pictures resized as for training. Evaluation runs the
/// finished model.
///
/// A sample's ground truth is one byte: the index of its output, or the ignore index `Dataset.void`.
package final class ClassificationObjective: Objective {
  private let weights: [Float]
  private var right = 0
  private var counted = 0

  /// - Parameter weights: the weight of each class's pictures, 2 to 255 numbers of at least 0.
  package init(weights: [Float]) {
    precondition((2...255).contains(weights.count), "\(weights.count) classes")
    self.weights = weights
  }

  package var metricName: String { "estimated top-1" }

  package func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double {
    // A map of one pixel, without upsampling.
    let one = LinearTaps(.halfPixel, input: 1, output: 1)
    return PixelLoss(rows: one, columns: one, pictures: network.batch, classes: weights.count, weights: weights)
      .evaluate(network.kernels, network.answer(), labels: truth, gradient: network.answerGradient())
  }

  package func beginMetric() { (right, counted) = (0, 0) }

  package func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int) {
    for picture in 0..<count where Int(truth[picture]) < weights.count {
      let logits = network.answer().part(picture * weights.count, weights.count).values
      // Of equal logits the first counts, as in `ImageClassifier`.
      let best = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
      right += best == Int(truth[picture]) ? 1 : 0
      counted += 1
    }
  }

  package var metric: Double { counted == 0 ? 0 : Double(right) / Double(counted) }
}

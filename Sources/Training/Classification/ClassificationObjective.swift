import Datasets
import Kernels
import Tensors

/// Softmax cross-entropy of one pixel's logits, and an estimate of the share of pictures whose best class is right.
///
/// The estimate is from cached features, in half precision and of pictures resized as for training; evaluation runs the
/// finished model.
///
/// A sample's truth is one byte: the number of its output, or `Dataset.void` where it counts neither way.
package final class ClassificationObjective: Objective {
  private let weights: [Float]
  private var right = 0
  private var counted = 0

  /// - Parameter weights: how much a picture of each class counts, 2 to 255 numbers of at least 0.
  package init(weights: [Float]) {
    precondition((2...255).contains(weights.count), "\(weights.count) classes")
    self.weights = weights
  }

  package var metricName: String { "estimated top-1" }

  package func loss(_ network: TrainableNetwork, truth: [UInt8]) -> Double {
    // A picture of one pixel, that is enlarged to one pixel.
    let one = LinearTaps(.halfPixel, input: 1, output: 1)
    return PixelLoss(rows: one, columns: one, pictures: network.batch, classes: weights.count, weights: weights)
      .evaluate(network.kernels, network.answer(), labels: truth, gradient: network.answerGradient())
  }

  package func beginMetric() { (right, counted) = (0, 0) }

  package func count(_ network: TrainableNetwork, truth: [UInt8], first count: Int) {
    for picture in 0..<count where Int(truth[picture]) < weights.count {
      let logits = network.answer().part(picture * weights.count, weights.count).values
      // Of equal logits the first counts, as in the classifier's answer.
      let best = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
      right += best == Int(truth[picture]) ? 1 : 0
      counted += 1
    }
  }

  package var metric: Double { counted == 0 ? 0 : Double(right) / Double(counted) }
}

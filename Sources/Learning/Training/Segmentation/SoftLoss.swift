import Kernels
import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The cross-entropy of logits and a teacher's probabilities at the logits' own grid.
///
/// It is the mean over the cells that the teacher has labelled, as PyTorch's `cross_entropy` with probabilities as the
/// target.
package struct SoftLoss {
  private let classes: Int

  package init(classes: Int) { self.classes = classes }

  /// The loss.
  ///
  /// Its gradient is added to the given one.
  ///
  /// - Parameters:
  ///   - logits: `[pictures, cells, classes]`.
  ///   - soft: the teacher's values, of the shape of `logits`, relative to a cell's sum; a cell of zeros does not
  ///     count.
  ///   - weight: the factor of the loss and of its gradient.
  /// - Complexity: O(cells · classes).
  package func evaluate(
    _ kernels: TrainingKernels, _ logits: FloatSlice, pictures: Int, soft: [UInt8], weight: Float, gradient: FloatSlice
  ) -> Double {
    let each = logits.count / pictures
    precondition(soft.count == logits.count && gradient.count == logits.count, "\(soft.count) probabilities")
    let taught = (0..<logits.count / classes).count { cell in
      soft[cell * classes..<(cell + 1) * classes].contains { $0 > 0 }
    }
    guard taught > 0 else { return 0 }
    let share = weight / Float(taught)
    let losses = Mutex([Double](repeating: 0, count: pictures))
    kernels.session.pool.run(pictures) { picture, _ in
      let values = logits.part(picture * each, each).values
      var slopes = gradient.part(picture * each, each).values
      var loss = 0.0
      for cell in stride(from: 0, to: each, by: classes) {
        loss += step(values, soft, picture * each, cell, share, &slopes)
      }
      gradient.part(picture * each, each).set(slopes)
      losses.withLock { $0[picture] = loss }
    }
    // Added in the pictures' order, whatever the order of the threads.
    return losses.withLock { $0.reduce(0, +) } * Double(weight) / Double(taught)
  }

  private func step(
    _ logits: [Float], _ soft: [UInt8], _ first: Int, _ cell: Int, _ share: Float, _ slopes: inout [Float]
  ) -> Double {
    var sum = 0
    var largest = logits[cell]
    for k in cell..<cell + classes {
      sum += Int(soft[first + k])
      largest = max(largest, logits[k])
    }
    guard sum > 0 else { return 0 }
    var exponents: Float = 0
    for k in cell..<cell + classes { exponents += exp(logits[k] - largest) }
    let entropy = log(exponents) + largest
    var loss: Float = 0
    for k in cell..<cell + classes {
      let wanted = Float(soft[first + k]) / Float(sum)
      loss += wanted * (entropy - logits[k])
      slopes[k] += share * (exp(logits[k] - entropy) - wanted)
    }
    return Double(loss)
  }
}

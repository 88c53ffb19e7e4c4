import ImageTypes
import SSDLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The training targets of a picture's default boxes.
package struct DetectionTargets: Hashable, Sendable {
  /// For each default box its class, 0 for background, -1 for ignored.
  package let classes: [Int32]
  /// `[boxes, 4]`: ty, tx, th, tw; zeros for unmatched default boxes.
  package let codes: [Float]

  /// The number of matched default boxes.
  package let positives: Int

  /// - Parameters:
  ///   - truths: ground-truth boxes relative to the picture, with their classes, 1 or greater.
  ///   - ignored: ignored regions.
  package init(
    _ boxes: DefaultBoxes, truths: [(box: Box, classIndex: Int)], ignored: [Box], divisors: [4 of Float],
    threshold: Float = 0.5
  ) {
    let matches = boxes.match(truths.map(\.box), ignored: ignored, threshold: threshold)
    var classes = [Int32](repeating: 0, count: matches.count)
    var codes = [Float](repeating: 0, count: matches.count * 4)
    var positives = 0
    for (index, match) in matches.enumerated() {
      switch match {
      case .background: break
      case .ignored: classes[index] = -1
      case .truth(let number):
        positives += 1
        classes[index] = Int32(truths[number].classIndex)
        let code = boxes.encode(index, truths[number].box, divisors: divisors)
        for k in 0..<4 { codes[index * 4 + k] = code[k] }
      }
    }
    self.classes = classes
    self.codes = codes
    self.positives = positives
  }
}

/// The loss of a picture's box codes and class logits, and its gradients.
///
/// Box codes of matched default boxes have a smooth L1 loss, classes one of two kinds of loss. Both are divided by the
/// number of matched default boxes of the batch.
public enum DetectionLoss: Codable, Hashable, Sendable {
  /// Sigmoid cross-entropy, weighted so that easy boxes count little. Output 0 is unused.
  ///
  /// Source: "Focal Loss for Dense Object Detection", equation 5.
  case focal(alpha: Float, gamma: Float)
  /// Softmax cross-entropy of matched boxes and of the hardest background boxes, `negatives` for each matched one, at
  /// least `minimum` in a picture.
  ///
  /// Equal losses go by the boxes' order.
  ///
  /// Source: "SSD: Single Shot MultiBox Detector", section 2.2, training objective and hard negative mining.
  case multibox(negatives: Float, minimum: Int)

  /// Focal loss with the customary parameters.
  public static let focal = DetectionLoss.focal(alpha: 0.25, gamma: 2)
  /// Multibox loss with three background boxes for each matched one, at least three in a picture.
  public static let multibox = DetectionLoss.multibox(negatives: 3, minimum: 3)

  /// A picture's share of the loss, and the gradients.
  ///
  /// - Parameters:
  ///   - codes: `[boxes, 4]`.
  ///   - logits: `[boxes, outputs]`, the background first.
  ///   - normaliser: the number of matched default boxes of the whole batch, at least 1.
  ///   - codeGradient: `[boxes, 4]`, written completely.
  ///   - logitGradient: `[boxes, outputs]`, written completely.
  /// - Complexity: O(boxes · outputs + boxes · log boxes).
  package func callAsFunction(
    codes: Span<Float>, logits: Span<Float>, _ targets: DetectionTargets, normaliser: Int,
    codeGradient: inout MutableSpan<Float>, logitGradient: inout MutableSpan<Float>
  ) -> Double {
    let boxes = targets.classes.count
    precondition(boxes > 0 && logits.count % boxes == 0 && normaliser > 0, "\(logits.count) logits of \(boxes) boxes")
    precondition(codes.count == boxes * 4 && codeGradient.count == boxes * 4 && logitGradient.count == logits.count)
    let share = 1 / Float(normaliser)
    var loss = smoothL1(codes, targets, share, &codeGradient)
    switch self {
    case .focal(let alpha, let gamma):
      loss += focal(logits, targets, alpha: alpha, gamma: gamma, share, &logitGradient)
    case .multibox(let negatives, let minimum):
      loss += multibox(logits, targets, negatives: negatives, minimum: minimum, share, &logitGradient)
    }
    return loss / Double(normaliser)
  }

  private func smoothL1(
    _ codes: Span<Float>, _ targets: DetectionTargets, _ share: Float, _ gradient: inout MutableSpan<Float>
  ) -> Double {
    var loss = 0.0
    for box in targets.classes.indices {
      let isThing = targets.classes[box] > 0
      for i in box * 4..<box * 4 + 4 {
        guard isThing else {
          gradient[i] = 0
          continue
        }
        let difference = codes[i] - targets.codes[i]
        let size = abs(difference)
        loss += Double(size < 1 ? 0.5 * size * size : size - 0.5)
        gradient[i] = (size < 1 ? difference : difference.sign == .minus ? -1 : 1) * share
      }
    }
    return loss
  }

  private func multibox(
    _ logits: Span<Float>, _ targets: DetectionTargets, negatives: Float, minimum: Int, _ share: Float,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    let boxes = targets.classes.count
    let outputs = logits.count / boxes
    var losses = [Float](repeating: 0, count: boxes)
    for box in 0..<boxes {
      let first = box * outputs
      var largest = logits[first]
      for i in first..<first + outputs { largest = max(largest, logits[i]) }
      var sum: Float = 0
      for i in first..<first + outputs {
        let value = exp(logits[i] - largest)
        gradient[i] = value
        sum += value
      }
      // The softmax is kept in the gradient until the hardest boxes are known.
      for i in first..<first + outputs { gradient[i] /= sum }
      losses[box] = log(sum) + largest - logits[first + Int(max(targets.classes[box], 0))]
    }
    var candidates = (0..<boxes).filter { targets.classes[$0] == 0 }
    candidates.sort { (losses[$1], $0) < (losses[$0], $1) }
    let wanted = min(max(Int(negatives * Float(targets.positives)), minimum), candidates.count)
    var counts = targets.classes.map { $0 > 0 }
    for box in candidates.prefix(wanted) { counts[box] = true }
    var loss = 0.0
    for box in 0..<boxes {
      let first = box * outputs
      guard counts[box] else {
        for i in first..<first + outputs { gradient[i] = 0 }
        continue
      }
      loss += Double(losses[box])
      gradient[first + Int(targets.classes[box])] -= 1
      for i in first..<first + outputs { gradient[i] *= share }
    }
    return loss
  }

  private func focal(
    _ logits: Span<Float>, _ targets: DetectionTargets, alpha: Float, gamma: Float, _ share: Float,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    let boxes = targets.classes.count
    let outputs = logits.count / boxes
    var loss = 0.0
    for box in 0..<boxes {
      let wanted = Int(targets.classes[box])
      gradient[box * outputs] = 0
      for output in 1..<max(outputs, 1) {
        let i = box * outputs + output
        guard wanted >= 0 else {
          gradient[i] = 0
          continue
        }
        // With the sign of the target applied to the logit, positives and negatives have one formula.
        let isRight = output == wanted
        let x = isRight ? logits[i] : -logits[i]
        let weight = isRight ? alpha : 1 - alpha
        let small = exp(-abs(x))
        let entropy = max(-x, 0) + log1p(small)
        let probability = x >= 0 ? 1 / (1 + small) : small / (1 + small)
        let rest = x >= 0 ? small / (1 + small) : 1 / (1 + small)
        let factor = weight * (gamma == 2 ? rest * rest : pow(rest, gamma))
        loss += Double(factor * entropy)
        let slope = -factor * (gamma * probability * entropy + rest)
        gradient[i] = (isRight ? slope : -slope) * share
      }
    }
    return loss
  }
}

import ImageTypes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension DefaultBoxes {
  /// A default box by its corners, relative to the picture.
  package func box(_ index: Int) -> Box {
    let a = anchors[index]
    return Box(x1: a.x - a.width / 2, y1: a.y - a.height / 2, x2: a.x + a.width / 2, y2: a.y + a.height / 2)
  }

  /// The box coding relative to an anchor, the inverse of `decode`.
  ///
  /// - Parameters:
  ///   - box: relative to the image, with a positive extent.
  ///   - divisors: the coder's scales, for example 10, 10, 5, 5.
  /// - Returns: `ty, tx, th, tw`.
  /// Source: "Faster R-CNN", section 3.1.2.
  package func encode(_ index: Int, _ box: Box, divisors: [4 of Float]) -> [4 of Float] {
    let anchor = anchors[index]
    let (height, width) = (box.y2 - box.y1, box.x2 - box.x1)
    return [
      ((box.y1 + box.y2) / 2 - anchor.y) / anchor.height * divisors[0],
      ((box.x1 + box.x2) / 2 - anchor.x) / anchor.width * divisors[1],
      log(height / anchor.height) * divisors[2], log(width / anchor.width) * divisors[3],
    ]
  }

  /// The training target of a default box.
  package enum Match: Hashable, Sendable {
    /// Background.
    case background
    /// Ignored in the loss: it lies for the most part in an ignored region.
    case ignored
    /// The ground-truth box of that index.
    case truth(Int)
  }

  /// Matches default boxes to ground-truth boxes.
  ///
  /// A default box is matched to the ground truth of the greatest IoU, where that is at least `threshold`. Then each
  /// ground truth takes the default box of the greatest IoU, whatever its value. Where several ground truths have the
  /// same default box, the last one gets it. Equal overlaps go to the first.
  ///
  /// - Parameters:
  ///   - truths: the ground-truth boxes, relative to the image.
  ///   - ignored: crowd regions and difficult objects. Unmatched default boxes with half of their area in one are left
  ///     out of the loss.
  /// - Complexity: O(default boxes · truths).
  /// Source: "SSD: Single Shot MultiBox Detector", section 2.2, matching strategy.
  package func match(_ truths: [Box], ignored: [Box] = [], threshold: Float = 0.5) -> [Match] {
    var matches = [Match](repeating: .background, count: anchors.count)
    var bestOfTruth = [(overlap: Float, index: Int)](repeating: (0, -1), count: truths.count)
    for index in anchors.indices {
      let box = box(index)
      var best: (overlap: Float, truth: Int) = (0, -1)
      for (truth, other) in truths.enumerated() {
        let overlap = other.iou(with: box)
        if overlap > best.overlap { best = (overlap, truth) }
        if overlap > bestOfTruth[truth].overlap { bestOfTruth[truth] = (overlap, index) }
      }
      if best.truth >= 0, best.overlap >= threshold {
        matches[index] = .truth(best.truth)
      } else if ignored.contains(where: { ($0.intersection(with: box) ?? 0) >= 0.5 * box.area }) {
        matches[index] = .ignored
      }
    }
    for (truth, best) in bestOfTruth.enumerated() where best.index >= 0 { matches[best.index] = .truth(truth) }
    return matches
  }
}

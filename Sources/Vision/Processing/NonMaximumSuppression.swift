import ImageTypes

/// Non-maximum suppression (NMS): of overlapping detections only the best one is kept.
///
/// The result does not depend on the order of the candidates: equal scores are ordered by class, then by default box.
/// Boxes that are not finite or have no extent are dropped, as are scores that are not finite.
///
/// Source: Neubeck, Van Gool: Efficient Non-Maximum Suppression, ICPR 2006 (the greedy form).
public struct NonMaximumSuppression: Hashable, Sendable {
  /// The boxes that suppress each other.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    /// Only boxes of the same class.
    case perClass = "per-class"
    /// All boxes.
    case agnostic
  }

  /// The boxes that suppress each other.
  public var mode: Mode
  /// The IoU with a better box above which a box is suppressed, in [0, 1].
  public var iouThreshold: Float
  /// The greatest number of kept detections; below 1 none is kept.
  public var limit: Int

  /// Creates a suppression with an IoU threshold in [0, 1].
  public init(mode: Mode, iouThreshold: Float, limit: Int) {
    self.mode = mode
    self.iouThreshold = iouThreshold
    self.limit = limit
  }

  /// The kept detections, best first.
  ///
  /// - Complexity: O(n + k log n + k m) for n candidates, of which k are examined until `limit` are kept, and m kept
  ///   ones of the same class, or of all.
  public func apply(to candidates: [BoxCandidate]) -> [BoxCandidate] {
    guard limit > 0 else { return [] }
    var queue = DetectionQueue(candidates.filter { $0.box.isProper && $0.score.isFinite })
    var kept = [BoxCandidate]()
    kept.reserveCapacity(min(limit, queue.count))
    // The kept boxes, by class where only boxes of the same class compete.
    var rivals: [Int: [Box]] = [:]
    while kept.count < limit, let best = queue.popBest() {
      let group = mode == .agnostic ? 0 : best.output
      let suppressed = rivals[group]?.contains { $0.iou(with: best.box) > iouThreshold } ?? false
      if suppressed { continue }
      rivals[group, default: []].append(best.box)
      kept.append(best)
    }
    return kept
  }
}

extension BoxCandidate {
  /// Whether this comes before another one: higher score, then lower class, then lower default box.
  package func precedes(_ other: BoxCandidate) -> Bool {
    if score != other.score { return score > other.score }
    if output != other.output { return output < other.output }
    return anchor < other.anchor
  }
}

/// A binary heap with the best detection on top.
///
/// Only a few are taken out, so the rest is never sorted.
struct DetectionQueue {
  private var heap: [BoxCandidate]

  /// - Complexity: O(n).
  init(_ detections: [BoxCandidate]) {
    heap = detections
    for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
  }

  var count: Int { heap.count }

  /// Takes the best one out.
  ///
  /// - Complexity: O(log n).
  mutating func popBest() -> BoxCandidate? {
    guard let best = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink(0)
    }
    return best
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { return }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(heap[parent]) else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}

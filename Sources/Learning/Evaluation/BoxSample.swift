import ImageTypes

/// A rectangle in evaluation: the left upper corner and the extent, in pixels, in double precision.
///
/// `Box` has corners in single precision. At an IoU threshold the last bits decide, and results files have them.
public struct Extent: Hashable, Sendable {
  /// The left and the upper edge, the width and the height, in pixels.
  public var x, y, width, height: Double

  /// Creates a rectangle; extents that are not positive overlap with nothing.
  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The rectangle between a box's corners.
  public init(_ box: Box) {
    self.init(
      x: Double(box.x1), y: Double(box.y1), width: Double(box.x2) - Double(box.x1),
      height: Double(box.y2) - Double(box.y1))
  }

  /// The box with these corners, rounded to single precision.
  public var box: Box {
    Box(x1: Float(x), y1: Float(y), x2: Float(x + width), y2: Float(y + height))
  }

  /// Width times height, in square pixels.
  public var area: Double { width * height }

  /// Whether every number is finite.
  public var isFinite: Bool { x.isFinite && y.isFinite && width.isFinite && height.isFinite }

  /// Intersection over union with a ground-truth box, in [0, 1]; for a crowd, intersection over this box's own area.
  ///
  /// The order of the operations is that of COCO's tools, so that borderline cases fall on the same side.
  public func overlap(with truth: Extent, crowd: Bool = false) -> Double {
    let w = min(width + x, truth.width + truth.x) - max(x, truth.x)
    guard w > 0 else { return 0 }
    let h = min(height + y, truth.height + truth.y) - max(y, truth.y)
    guard h > 0 else { return 0 }
    let intersection = w * h
    return intersection / (crowd ? area : area + truth.area - intersection)
  }
}

/// A ground-truth box.
public struct TrueBox: Hashable, Sendable {
  /// The class's index, from 0.
  public var classIndex: Int
  /// The box, in pixels of the picture.
  public var extent: Extent
  /// The object's area in pixels, by which COCO sorts into small, medium and large; the box's area where unknown.
  public var area: Double
  /// Whether it is a crowd, which any number of detections may match without effect.
  public var isCrowd: Bool
  /// Whether it is marked as difficult, and a match has no effect on the metrics.
  public var isDifficult: Bool

  /// Creates a ground-truth box, by default with the area of `extent`.
  public init(
    classIndex: Int, extent: Extent, area: Double? = nil, isCrowd: Bool = false, isDifficult: Bool = false
  ) {
    self.classIndex = classIndex
    self.extent = extent
    self.area = area ?? extent.area
    self.isCrowd = isCrowd
    self.isDifficult = isDifficult
  }

  /// Whether it has no effect on the metrics.
  public var isIgnored: Bool { isCrowd || isDifficult }
}

/// A detection.
public struct FoundBox: Hashable, Sendable {
  /// The class's index, from 0.
  public var classIndex: Int
  /// The confidence score, a finite number; greater ones are matched first.
  public var score: Double
  /// The box, in pixels of the picture.
  public var extent: Extent

  /// Creates a detection; the score must be finite.
  public init(classIndex: Int, score: Double, extent: Extent) {
    precondition(score.isFinite, "a score of \(score)")
    self.classIndex = classIndex
    self.score = score
    self.extent = extent
  }
}

/// The ground truth and the detections of one picture.
public struct BoxSample: Hashable, Sendable {
  /// Their order decides between equal overlaps.
  public var truth: [TrueBox]
  /// Their order decides between equal scores.
  public var found: [FoundBox]

  /// Creates the sample of one picture.
  public init(truth: [TrueBox], found: [FoundBox]) {
    self.truth = truth
    self.found = found
  }
}

extension Sequence {
  /// The elements by descending key; equal ones keep their order.
  func sortedDescending(by key: (Element) -> Double) -> [Element] {
    enumerated().map { (key: key($0.element), index: $0.offset, element: $0.element) }
      .sorted { $0.key != $1.key ? $0.key > $1.key : $0.index < $1.index }
      .map(\.element)
  }
}

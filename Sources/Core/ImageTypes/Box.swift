/// A rectangle between two corners, `x1 < x2` and `y1 < y2`, in the unit that its context names.
public struct Box: Hashable, Sendable {
  /// The left, top, right and bottom edges.
  public var x1, y1, x2, y2: Float

  /// Creates a box between two corners, which are not checked.
  public init(x1: Float, y1: Float, x2: Float, y2: Float) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
  }

  /// The extent in x; negative where the corners are out of order.
  public var width: Float { x2 - x1 }
  /// The extent in y; negative where the corners are out of order.
  public var height: Float { y2 - y1 }
  /// The point half-way between the corners.
  public var center: (x: Float, y: Float) { ((x1 + x2) / 2, (y1 + y2) / 2) }

  /// Width times height; 0 where the corners are out of order.
  public var area: Float { max(x2 - x1, 0) * max(y2 - y1, 0) }

  /// The box moved by an offset in its own unit.
  public func moved(x: Float, y: Float) -> Box { Box(x1: x1 + x, y1: y1 + y, x2: x2 + x, y2: y2 + y) }

  /// Whether every coordinate is finite and the box has a positive extent on both axes.
  public var isProper: Bool {
    x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite && x1 < x2 && y1 < y2
  }

  /// Intersection over union with another box, in [0, 1].
  public func iou(with other: Box) -> Float {
    guard let intersection = intersection(with: other) else { return 0 }
    let union = area + other.area - intersection
    return union.isNormal ? intersection / union : wideIoU(with: other)
  }

  /// Intersection over the area of the smaller of the two boxes, in [0, 1].
  package func overlapOfSmaller(with other: Box) -> Float {
    guard let intersection = intersection(with: other) else { return 0 }
    let smaller = min(area, other.area)
    return smaller > 0 ? min(intersection / smaller, 1) : 0
  }

  /// The area of the intersection, 0 where it is too small for `Float`; `nil` where there is none.
  package func intersection(with other: Box) -> Float? {
    let width = min(x2, other.x2) - max(x1, other.x1)
    let height = min(y2, other.y2) - max(y1, other.y1)
    return width > 0 && height > 0 ? width * height : nil
  }

  /// The IoU where areas leave the range of `Float`, as for boxes of a broken network.
  private func wideIoU(with other: Box) -> Float {
    func area(_ a: Box) -> Double { (Double(a.x2) - Double(a.x1)) * (Double(a.y2) - Double(a.y1)) }
    let common = area(
      Box(x1: max(x1, other.x1), y1: max(y1, other.y1), x2: min(x2, other.x2), y2: min(y2, other.y2)))
    let union = area(self) + area(other) - common
    return union > 0 ? Float(min(common / union, 1)) : 0
  }
}

/// Coded as the list `[x1, y1, x2, y2]`, as the programs write it.
extension Box: Codable {
  /// Encodes the list `[x1, y1, x2, y2]`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for value in [x1, y1, x2, y2] { try container.encode(value) }
  }

  /// Decodes a list of exactly four numbers.
  ///
  /// - Throws: `DecodingError`, also for more numbers.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    func next() throws -> Float { try container.decode(Float.self) }
    self.init(x1: try next(), y1: try next(), x2: try next(), y2: try next())
    guard container.isAtEnd else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "more than the four numbers of a box")
    }
  }
}

/// One detection candidate: a class, a score and a box.
public struct BoxCandidate: Hashable, Sendable {
  /// The network's output channel, background counted where there is one.
  public var output: Int
  /// In [0, 1].
  public var score: Float
  /// The box, relative to the network's input or in pixels of the image, as its maker says.
  public var box: Box
  /// The index of its default box, the last criterion for the order of equal scores.
  public var anchor: Int

  /// Creates a candidate, whose values are not checked.
  public init(output: Int, score: Float, box: Box, anchor: Int) {
    self.output = output
    self.score = score
    self.box = box
    self.anchor = anchor
  }
}

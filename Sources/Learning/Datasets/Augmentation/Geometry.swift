import ImageTypes
import Tensors

/// The placement of a picture, or a part of it, on a canvas along one axis, mirrored or not.
struct AxisPlacement {
  /// Pixels of the picture.
  let extent: Int
  /// The visible part of the picture, in its pixels.
  let source: (start: Double, length: Double)
  /// The start and the length of that part on the canvas, in the canvas's pixels.
  let target: (start: Double, length: Double)
  let isMirrored: Bool
  /// The canvas's pixels that may show the picture.
  let canvas: Range<Int>
  /// The canvas's pixels with centres inside the target.
  let visible: Range<Int>

  init(
    extent: Int, source: (start: Double, length: Double), target: (start: Double, length: Double), canvas: Range<Int>,
    isMirrored: Bool
  ) {
    self.extent = extent
    self.source = source
    self.target = target
    self.canvas = canvas
    self.isMirrored = isMirrored
    func isInside(_ pixel: Int) -> Bool { 0..<1 ~= (Double(pixel) + 0.5 - target.start) / target.length }
    // Pixel centres lie at halves, so the bound may be one off either way before the test.
    var first = min(max(Int((target.start - 0.5).rounded(.down)), canvas.lowerBound), canvas.upperBound)
    while first < canvas.upperBound, !isInside(first) { first += 1 }
    var end = first
    while end < canvas.upperBound, isInside(end) { end += 1 }
    visible = first..<end
  }

  /// The whole picture on a canvas, `length` pixels long there.
  ///
  /// - Parameter share: the position, 0 at one end of the canvas and 1 at the other.
  init(extent: Int, canvas: Range<Int>, length: Double, share: Double, isMirrored: Bool) {
    self.init(
      extent: extent, source: (0, Double(extent)),
      target: (Double(canvas.lowerBound) + (Double(canvas.count) - length) * share, length), canvas: canvas,
      isMirrored: isMirrored)
  }

  /// The same picture after an enlargement of a part of the canvas to the whole canvas.
  ///
  /// - Parameter part: in lengths of the canvas, which begins at 0.
  func enlarged(_ part: (start: Double, length: Double)) -> AxisPlacement {
    AxisPlacement(
      extent: extent, source: source,
      target: ((target.start - part.start * Double(canvas.count)) / part.length, target.length / part.length),
      canvas: canvas, isMirrored: isMirrored)
  }

  /// The position in the picture, from its edge, of a position on the canvas.
  func sourcePosition(_ position: Double) -> Double {
    let share = (position - target.start) / target.length
    return source.start + (isMirrored ? 1 - share : share) * source.length
  }

  /// The position on the canvas of a position in the picture.
  func targetPosition(_ position: Double) -> Double {
    let share = (position - source.start) / source.length
    return target.start + (isMirrored ? 1 - share : share) * target.length
  }

  /// The weights of the picture's pixels for each visible pixel: a triangle filter.
  func taps() -> TriangleTaps {
    TriangleTaps(
      coordinates: visible.map { Float(sourcePosition(Double($0) + 0.5) - 0.5) }, extent: extent,
      scale: source.length / target.length)
  }

  /// The picture's pixel under the centre of each visible pixel.
  func nearest() -> [Int] {
    visible.map { min(max(Int(sourcePosition(Double($0) + 0.5).rounded(.down)), 0), extent - 1) }
  }
}

/// The placement of a picture on a canvas.
struct Placement {
  let columns, rows: AxisPlacement
  var isEmpty: Bool { columns.visible.isEmpty || rows.visible.isEmpty }

  /// A box of the picture on the canvas, also outside of it.
  func whole(_ box: Box) -> Box {
    let x = [columns.targetPosition(Double(box.x1)), columns.targetPosition(Double(box.x2))].sorted()
    let y = [rows.targetPosition(Double(box.y1)), rows.targetPosition(Double(box.y2))].sorted()
    return Box(x1: Float(x[0]), y1: Float(y[0]), x2: Float(x[1]), y2: Float(y[1]))
  }

  /// The part of a box that lies on the canvas; `nil` where there is none.
  func clipped(_ box: Box) -> Box? {
    let (x, y) = (columns.canvas, rows.canvas)
    let part = Box(
      x1: max(box.x1, Float(x.lowerBound)), y1: max(box.y1, Float(y.lowerBound)), x2: min(box.x2, Float(x.upperBound)),
      y2: min(box.y2, Float(y.upperBound)))
    return part.isProper ? part : nil
  }

  /// A ground-truth box on the canvas; `nil` where the rule drops it.
  func place(_ truth: TruthBox, _ rule: BoxRule) -> TruthBox? {
    let whole = whole(truth.box)
    guard let box = clipped(whole), rule.keeps(box, of: whole) else { return nil }
    var placed = truth
    placed.box = box
    placed.area = truth.area * (whole.area / truth.box.area) * (box.area / whole.area)
    return placed
  }
}

/// The condition for keeping a partly visible box.
enum BoxRule {
  /// At least that share of its area is visible, and that many pixels on each axis.
  case visible(share: Float, pixels: Float)
  /// Its centre is visible.
  case centre

  func keeps(_ part: Box, of whole: Box) -> Bool {
    switch self {
    case .visible(let share, let pixels):
      return part.area >= share * whole.area && min(part.x2 - part.x1, part.y2 - part.y1) >= pixels
    case .centre:
      let (x, y) = ((whole.x1 + whole.x2) / 2, (whole.y1 + whole.y2) / 2)
      return part.x1 <= x && x <= part.x2 && part.y1 <= y && y <= part.y2
    }
  }
}

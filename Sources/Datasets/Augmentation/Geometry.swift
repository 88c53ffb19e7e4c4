import Postprocess
import Tensors

/// Where a picture, or a part of it, lies on a canvas along one axis, mirrored or not.
struct AxisPlacement {
  /// Pixels of the picture.
  let extent: Int
  /// The part of the picture that is shown, in its pixels.
  let source: (start: Double, length: Double)
  /// Where that part begins on the canvas, and how long it is there, in the canvas's pixels.
  let target: (start: Double, length: Double)
  let isMirrored: Bool
  /// The canvas's pixels whose centres lie inside the target.
  let visible: Range<Int>

  init(
    extent: Int, source: (start: Double, length: Double), target: (start: Double, length: Double), canvas: Int,
    isMirrored: Bool
  ) {
    self.extent = extent
    self.source = source
    self.target = target
    self.isMirrored = isMirrored
    func isInside(_ pixel: Int) -> Bool { 0..<1 ~= (Double(pixel) + 0.5 - target.start) / target.length }
    // Pixel centres lie at halves, so the bound may be one off either way before the test.
    var first = min(max(Int((target.start - 0.5).rounded(.down)), 0), canvas)
    while first < canvas, !isInside(first) { first += 1 }
    var end = first
    while end < canvas, isInside(end) { end += 1 }
    visible = first..<end
  }

  /// The whole picture on a canvas, `scale` times as long as it, somewhere in its play.
  init(extent: Int, canvas: Int, scale: Double, share: Double, isMirrored: Bool) {
    let length = Double(canvas) * scale
    self.init(
      extent: extent, source: (0, Double(extent)), target: ((Double(canvas) - length) * share, length), canvas: canvas,
      isMirrored: isMirrored)
  }

  /// The place in the picture, from its edge, that a place on the canvas shows.
  func sourcePosition(_ position: Double) -> Double {
    let share = (position - target.start) / target.length
    return source.start + (isMirrored ? 1 - share : share) * source.length
  }

  /// The place on the canvas of one in the picture.
  func targetPosition(_ position: Double) -> Double {
    let share = (position - source.start) / source.length
    return target.start + (isMirrored ? 1 - share : share) * target.length
  }

  /// The weights of the picture's pixels for each visible pixel: a triangle that covers what is averaged.
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

/// Where a picture lies on a canvas.
struct Placement {
  let columns, rows: AxisPlacement
  var isEmpty: Bool { columns.visible.isEmpty || rows.visible.isEmpty }

  /// A truth box on the canvas; `nil` where too little of it is left.
  func place(_ truth: TruthBox, width: Int, height: Int, minimumVisible: Float) -> TruthBox? {
    let x = [columns.targetPosition(Double(truth.box.x1)), columns.targetPosition(Double(truth.box.x2))].sorted()
    let y = [rows.targetPosition(Double(truth.box.y1)), rows.targetPosition(Double(truth.box.y2))].sorted()
    let whole = Box(x1: Float(x[0]), y1: Float(y[0]), x2: Float(x[1]), y2: Float(y[1]))
    guard let box = whole.clipped(width: width, height: height), box.area >= minimumVisible * whole.area else {
      return nil
    }
    var placed = truth
    placed.box = box
    placed.area = truth.area * (whole.area / truth.box.area) * (box.area / whole.area)
    return placed
  }
}

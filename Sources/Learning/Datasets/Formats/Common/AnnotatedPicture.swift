import ImageTypes

/// A picture with its objects, as a file describes them.
struct AnnotatedPicture {
  /// The picture's file.
  let path: String
  /// The picture's name inside the data set.
  let name: String
  /// The annotation's file.
  let file: String
  /// The picture's size by the annotation.
  var size: PictureSize?
  /// `nil` for a picture without annotation.
  var objects: [AnnotatedObject]?
  /// Whether these are all objects of the file; a mask painted from some of them would be wrong.
  var isComplete = true
}

/// An object of a picture, as a file describes it.
struct AnnotatedObject {
  enum Shape {
    case box(Box)
    /// Polygons: x, y of each corner in turn.
    case outline([[Float]])
    /// The centre and the size of a box, as shares of the picture's.
    case relative(Double, Double, Double, Double)
  }

  /// The class's name.
  let name: String
  let place: DatasetError.Place
  var shape: Shape
  var isDifficult = false

  /// The box, or the box around the outline; `nil` where a number is none or too large.
  var box: Box? {
    switch shape {
    case .box(let box): return [box.x1, box.y1, box.x2, box.y2].allSatisfy { abs($0) <= 1e6 } ? box : nil
    case .outline(let polygons): return Box(around: polygons)
    case .relative: return nil
    }
  }
}

extension Box {
  /// The smallest box around polygons, each x, y of its corners in turn; `nil` where a number is none or too large.
  init?(around polygons: [[Float]]) {
    var box = Box(x1: .infinity, y1: .infinity, x2: -.infinity, y2: -.infinity)
    for polygon in polygons {
      for index in stride(from: 0, to: polygon.count - 1, by: 2) {
        box.x1 = min(box.x1, polygon[index])
        box.x2 = max(box.x2, polygon[index])
        box.y1 = min(box.y1, polygon[index + 1])
        box.y2 = max(box.y2, polygon[index + 1])
        guard abs(polygon[index]) <= 1e6, abs(polygon[index + 1]) <= 1e6 else { return nil }
      }
    }
    guard box.x1.isFinite else { return nil }
    self = box
  }
}

extension AnnotatedObject {
  func scaled(_ size: PictureSize) -> AnnotatedObject {
    let (width, height) = (Float(size.width), Float(size.height))
    var object = self
    switch shape {
    case .box: break
    case .relative(let x, let y, let w, let h):
      let (columns, rows) = (Double(size.width), Double(size.height))
      object.shape = .box(
        Box(
          x1: Float((x - w / 2) * columns), y1: Float((y - h / 2) * rows), x2: Float((x + w / 2) * columns),
          y2: Float((y + h / 2) * rows)))
    case .outline(let polygons):
      object.shape = .outline(
        polygons.map { polygon in
          polygon.enumerated().map { $0.offset % 2 == 0 ? $0.element * width : $0.element * height }
        })
    }
    return object
  }

  func turned(_ turn: QuarterTurn) -> AnnotatedObject {
    var object = self
    switch shape {
    case .box(let box): object.shape = .box(turn.box(box))
    case .outline(let polygons): object.shape = .outline(polygons.map(turn.corners))
    case .relative: break
    }
    return object
  }

  /// The shape as the file has it, for messages.
  var words: String {
    switch shape {
    case .relative(let x, let y, let w, let h): return "\(name) at \(x) \(y) of \(w) \(h)"
    case .box(let box): return "\(name) from (\(box.x1), \(box.y1)) to (\(box.x2), \(box.y2))"
    case .outline(let polygons):
      guard let box else { return "\(name) with an outline of other numbers" }
      return
        "\(name) with an outline of \(polygons.reduce(0) { $0 + $1.count / 2 }) corners from (\(box.x1), \(box.y1)) "
        + "to (\(box.x2), \(box.y2))"
    }
  }
}

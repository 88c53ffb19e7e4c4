import Files

/// The outlines of a picture's objects in memory, filled on demand for the mask.
struct PolygonOutlines: Sendable {
  struct Outline: Sendable {
    let classIndex: UInt8
    /// x, y of each corner in turn.
    let polygons: [[Float]]

    /// The area of the polygons in square pixels.
    var area: Float {
      polygons.reduce(0) { sum, polygon in
        var twice: Float = 0
        for index in stride(from: 0, to: polygon.count - 1, by: 2) {
          let next = (index + 2) % (polygon.count & ~1)
          twice += polygon[index] * polygon[next + 1] - polygon[next] * polygon[index + 1]
        }
        return sum + abs(twice) / 2
      }
    }
  }

  let path: String
  /// From the largest to the smallest, so that smaller ones lie on top.
  private let outlines: [Outline]

  init(_ outlines: [Outline], of path: String) {
    self.path = path
    self.outlines = outlines.enumerated().sorted { a, b in
      (b.element.area, a.offset) < (a.element.area, b.offset)
    }.map(\.element)
  }

  /// A text that changes when the outlines do.
  var stamp: String {
    outlines.map { "\($0.classIndex) \($0.polygons.map { "\($0.count) \($0.reduce(0, +))" }.joined(separator: " "))" }
      .joined(separator: " ")
  }

  /// A mask of class numbers.
  func paint(width: Int, height: Int) throws(DatasetError) -> [UInt8] {
    var canvas = MaskCanvas(path: path, width: width, height: height)
    for outline in outlines {
      try canvas.fill(outline.polygons.map { $0.map(Double.init) }, outline.classIndex, at: .whole)
    }
    return canvas.ids
  }
}

/// The filling of polygons by COCO's own rule, so that a mask has the same pixels as in COCO's tools.
///
/// The border is walked on a grid five times as fine. Where it crosses from one column of pixels to the next, the row
/// is recorded. The pixels inside lie between two records of a column. Source: cocoapi, `maskApi.c`, "rleFrPoly".
enum PolygonRaster {
  private static let fine = 5.0
  /// The greatest number of steps on the fine grid along one picture's polygons: 64 Mi, a border of 13 million pixels.
  static let limit = 64 << 20

  private static func corner(_ value: Double) -> Int { Int(fine * value + 0.5) }

  /// Steps around a polygon; `nil` where they cannot be counted.
  static func steps(_ polygon: [Double]) -> Int? {
    var total = 0
    for i in stride(from: 0, to: polygon.count, by: 2) {
      let next = (i + 2) % polygon.count
      let dx = abs(corner(polygon[next]) - corner(polygon[i]))
      let dy = abs(corner(polygon[next + 1]) - corner(polygon[i + 1]))
      let (sum, overflow) = total.addingReportingOverflow(max(dx, dy) + 1)
      if overflow { return nil }
      total = sum
    }
    return total
  }

  /// Sets the pixels inside a polygon to an id.
  static func fill(_ polygon: [Double], with id: UInt8, in ids: inout [UInt8], width: Int, height: Int) {
    // For each column, the rows where inside and outside change; row `height` is the next column's first.
    var changes: [Int] = []
    var last: (x: Int, y: Int)?
    func visit(_ x: Int, _ y: Int) {
      defer { last = (x, y) }
      guard let before = last, before.x != x else { return }
      let edge = x < before.x ? x : x - 1
      let column = (Double(edge) + 0.5) / fine - 0.5
      guard column.rounded(.down) == column, column >= 0, column <= Double(width - 1) else { return }
      let row = (Double(min(y, before.y)) + 0.5) / fine - 0.5
      changes.append(Int(column) * height + Int(min(max(row, 0), Double(height)).rounded(.up)))
    }
    for i in stride(from: 0, to: polygon.count, by: 2) {
      let next = (i + 2) % polygon.count
      var (xs, ys) = (corner(polygon[i]), corner(polygon[i + 1]))
      var (xe, ye) = (corner(polygon[next]), corner(polygon[next + 1]))
      let (dx, dy) = (abs(xe - xs), abs(ys - ye))
      let isFlat = dx >= dy
      // Always walked from the smaller coordinate, so that a border shared by two objects is the same for both.
      let flip = isFlat ? xs > xe : ys > ye
      if flip { ((xs, ys), (xe, ye)) = ((xe, ye), (xs, ys)) }
      let slope = isFlat ? (dx == 0 ? 0 : Double(ye - ys) / Double(dx)) : Double(xe - xs) / Double(dy)
      let count = max(dx, dy)
      for d in 0...count {
        let t = flip ? count - d : d
        if isFlat {
          visit(t + xs, Int(Double(ys) + slope * Double(t) + 0.5))
        } else {
          visit(Int(Double(xs) + slope * Double(t) + 0.5), t + ys)
        }
      }
    }
    changes.sort()
    for pair in stride(from: 0, to: changes.count, by: 2) {
      let end = pair + 1 < changes.count ? changes[pair + 1] : width * height
      for i in changes[pair]..<max(changes[pair], min(end, width * height)) {
        ids[i % height * width + i / height] = id
      }
    }
  }
}

import Files
import ImageTypes

/// Supervisely: a JSON file of objects for each picture, in a folder `ann` beside a folder `img`.
///
/// Rectangles are boxes and polygons are outlines; bitmaps are left out by name, points and lines as having no extent.
/// Source: docs.supervisely.com, "Supervisely JSON Format".
enum SuperviselyFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    try ExportFormat.jsonFiles(layout, into: &collector, annotation)
  }

  /// - Returns: `nil` for a file of another kind, such as the project's `meta.json`.
  static func annotation(_ start: JSONCursor) throws(DatasetError) -> JSONAnnotation? {
    var cursor = start
    var annotation = JSONAnnotation()
    var isThere = false
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "objects":
        isThere = true
        try annotation.readObjects(&cursor, object)
      case "size":
        var sides: [String: Int] = [:]
        try cursor.object { (cursor, key) throws(DatasetError) in sides[key] = try cursor.optionalInteger() }
        annotation.size = PictureSize(declared: sides["width"], sides["height"])
      default: try cursor.skip()
      }
    }
    try cursor.finish()
    return isThere ? annotation : nil
  }

  private static func object(_ cursor: inout JSONCursor, _: Int) throws(DatasetError) -> AnnotatedObject? {
    let start = cursor.start()
    var (label, kind) = ("", "")
    var points: [Float] = []
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "classTitle": label = try cursor.optionalString() ?? ""
      case "geometryType": kind = try cursor.optionalString() ?? ""
      case "points":
        guard cursor.kind() == UInt8(ascii: "{") else { return try cursor.skip() }
        try cursor.object { (cursor, key) throws(DatasetError) in
          if key == "exterior" { points = try cursor.points() } else { try cursor.skip() }
        }
      default: try cursor.skip()
      }
    }
    if kind == "bitmap" {
      throw cursor.wrong("a bitmap of \(label)", expected: "a rectangle or a polygon", at: start)
    }
    guard kind == "rectangle" || kind == "polygon" else { return nil }
    guard !label.isEmpty, points.count >= (kind == "polygon" ? 6 : 4), let box = Box(around: [points]) else {
      throw cursor.wrong(
        "\(kind) \(label) of \(points.count / 2) points", expected: "a class and its points", at: start)
    }
    return AnnotatedObject(
      name: label, place: .byte(start), shape: kind == "polygon" ? .outline([points]) : .box(box))
  }
}

import Files
import ImageTypes

/// Supervisely: a JSON file of objects for each picture, in a folder `ann` beside a folder `img`.
///
/// Rectangles are boxes and polygons are outlines; bitmaps are left out by name, points and lines as having no extent.
/// Source: docs.supervisely.com, "Supervisely JSON Format".
enum SuperviselyFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let limits = collector.limits
    return try ExportFormat.jsonFiles(layout, into: &collector) { file throws(DatasetError) in
      try annotation(JSONCursor(file, limits))
    }
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
        var count = 0
        try cursor.array { (cursor) throws(DatasetError) in
          count += 1
          try cursor.check(.records, count)
          try cursor.record(into: &annotation.errors) { (cursor) throws(DatasetError) in
            guard let object = try object(&cursor) else {
              annotation.others += 1
              return
            }
            annotation.objects.append(object)
          }
        }
      case "size":
        var sides: [String: Int] = [:]
        try cursor.object { (cursor, key) throws(DatasetError) in sides[key] = try cursor.optionalInteger() }
        if let width = sides["width"], let height = sides["height"], 1...1_000_000 ~= width, 1...1_000_000 ~= height {
          annotation.size = PictureSize(width: width, height: height)
        }
      default: try cursor.skip()
      }
    }
    try cursor.finish()
    return isThere ? annotation : nil
  }

  private static func object(_ cursor: inout JSONCursor) throws(DatasetError) -> AnnotatedObject? {
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

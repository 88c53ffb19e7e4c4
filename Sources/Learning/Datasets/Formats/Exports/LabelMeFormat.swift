import Files
import ImageTypes

/// LabelMe: a JSON file of shapes for each picture.
///
/// Rectangles and masks are boxes, polygons are outlines, circles and other shapes with an extent are boxes; points and
/// lines are left out. Source: github.com/wkentaro/labelme, `labelme/label_file.py`.
enum LabelMeFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    try ExportFormat.jsonFiles(layout, into: &collector, annotation)
  }

  /// - Returns: `nil` for a file of another kind.
  static func annotation(_ start: JSONCursor) throws(DatasetError) -> JSONAnnotation? {
    var cursor = start
    var annotation = JSONAnnotation()
    var isThere = false
    var (width, height): (Int?, Int?)
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "shapes":
        isThere = true
        try annotation.readObjects(&cursor, shape)
      case "imagePath": annotation.picture = try cursor.optionalString()
      case "imageWidth": width = try cursor.optionalInteger()
      case "imageHeight": height = try cursor.optionalInteger()
      default: try cursor.skip()
      }
    }
    try cursor.finish()
    annotation.size = PictureSize(declared: width, height)
    return isThere ? annotation : nil
  }

  private static func shape(_ cursor: inout JSONCursor, _ number: Int) throws(DatasetError) -> AnnotatedObject? {
    let start = cursor.start()
    var (label, kind) = ("", "polygon")
    var points: [Float] = []
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "label": label = try cursor.optionalString() ?? ""
      case "shape_type": kind = try cursor.optionalString() ?? "polygon"
      case "points": points = try cursor.points()
      default: try cursor.skip()
      }
    }
    if ["point", "points", "line", "linestrip"].contains(kind) { return nil }
    guard !label.isEmpty else { throw cursor.wrong("shape \(number) without one", expected: "a label", at: start) }
    let place = DatasetError.Place.byte(start)
    if kind == "circle", points.count == 4 {
      let (x, y) = (points[2] - points[0], points[3] - points[1])
      let radius = (x * x + y * y).squareRoot()
      return AnnotatedObject(
        name: label, place: place,
        shape: .box(
          Box(x1: points[0] - radius, y1: points[1] - radius, x2: points[0] + radius, y2: points[1] + radius)))
    }
    guard points.count >= (kind == "polygon" ? 6 : 4), let box = Box(around: [points]) else {
      throw cursor.wrong("\(kind) \(label) of \(points.count / 2) points", expected: "the points of a shape", at: start)
    }
    return AnnotatedObject(name: label, place: place, shape: kind == "polygon" ? .outline([points]) : .box(box))
  }
}

extension JSONCursor {
  /// The byte where the next value begins.
  mutating func start() -> Int {
    _ = kind()
    return position
  }

  /// Reads one value of a list; where its contents are wrong, it is left out as a whole.
  ///
  /// - Throws: `DatasetError` for text that is not JSON.
  mutating func record(
    into errors: inout [DatasetError], _ body: (inout JSONCursor) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    let before = self
    do throws(DatasetError) { try body(&self) } catch {
      self = before
      try skip()
      errors.append(error)
    }
  }

  /// A string; `nil` for any other value, which is skipped.
  mutating func optionalString() throws(DatasetError) -> String? {
    guard kind() == UInt8(ascii: "\"") else {
      try skip()
      return nil
    }
    return try string()
  }

  /// A whole number, or one in a string; `nil` for any other value, which is skipped.
  mutating func optionalInteger() throws(DatasetError) -> Int? {
    if let text = try optionalText() { return Int(text) }
    let before = self
    if let value = try? integer() { return value }
    self = before
    try skip()
    return nil
  }

  private mutating func optionalText() throws(DatasetError) -> String? {
    kind() == UInt8(ascii: "\"") ? try string() : nil
  }

  /// Points, each an array of x and y: x, y of each in turn.
  mutating func points() throws(DatasetError) -> [Float] {
    var points: [Float] = []
    if try skipNull() { return [] }
    try array { (cursor) throws(DatasetError) in
      var count = 0
      try cursor.array { (cursor) throws(DatasetError) in
        count += 1
        guard count <= 2 else { throw cursor.wrong("more", expected: "x and y of a point") }
        points.append(Float(try cursor.number()))
        try cursor.check(.points, points.count)
      }
      guard count == 2 else { throw cursor.wrong("\(count) numbers", expected: "x and y of a point") }
    }
    return points
  }
}

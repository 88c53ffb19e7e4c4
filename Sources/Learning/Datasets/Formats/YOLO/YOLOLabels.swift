import Files
import ImageTypes

/// The text file of a picture: a line for each object, `class x y width height`, the centre and the size relative to the
/// picture, or `class x1 y1 x2 y2 x3 y3 …`, the corners of an outline; either may end with a score.
///
/// Sources: docs.ultralytics.com, "Object Detection Datasets Overview" and "Instance Segmentation Datasets Overview".
struct YOLOLabels {
  private(set) var objects: [AnnotatedObject] = []
  private(set) var errors: [DatasetError] = []
  private(set) var scores = 0

  /// - Parameter hasKeyPoints: whether the numbers behind a box are key points.
  init(_ file: TextFile, _ names: [Int: String], hasKeyPoints: Bool) throws(DatasetError) {
    let known = Set(names.values)
    for entry in try file.lines() where !entry.text.isEmpty {
      do throws(DatasetError) {
        try take(entry, file.path, names, known, hasKeyPoints)
      } catch {
        errors.append(error)
      }
    }
  }

  private mutating func take(
    _ entry: TextFile.Line, _ path: String, _ names: [Int: String], _ known: Set<String>, _ hasKeyPoints: Bool
  ) throws(DatasetError) {
    let line = entry.text
    func wrong(_ expected: String) -> DatasetError {
      .invalid(file: path, place: entry.place, expected: expected, found: "\"\(line.prefix(80))\"")
    }
    var fields = line.split { $0 == " " || $0 == "\t" || $0 == "," }[...]
    guard let first = fields.popFirst(), fields.count >= 4 else {
      throw wrong("five fields: class x y width height, or a class and three corners or more")
    }
    // Some programs write class numbers as decimals.
    let number = Int(first) ?? Double(first).flatMap { Int(exactly: $0) }
    guard let name = number.flatMap({ names[$0] }) ?? (known.contains(String(first)) ? String(first) : nil) else {
      throw wrong("the number of a class in the names file")
    }
    var values: [Float] = []
    for field in hasKeyPoints ? fields.prefix(4) : fields {
      guard let value = Float(field), value.isFinite, abs(value) <= 16 else {
        throw wrong("finite shares of the picture's size")
      }
      values.append(value)
    }
    if values.count % 2 == 1 {
      scores += 1
      values.removeLast()
    }
    guard values.count == 4 else {
      objects.append(AnnotatedObject(name: name, place: entry.place, shape: .outline([values])))
      return
    }
    guard values[2] > 0, values[3] > 0 else { throw wrong("a box of positive size inside the picture") }
    let doubles = fields.prefix(4).map { Double($0) ?? 0 }
    objects.append(
      AnnotatedObject(
        name: name, place: entry.place, shape: .relative(doubles[0], doubles[1], doubles[2], doubles[3])))
  }
}

import Files
import ImageTypes

/// The annotation of a picture in an XML file.
struct VOCAnnotation {
  struct Object {
    let name: String
    let place: DatasetError.Place
    let difficult: Bool
    /// Corners counted from 1, the last pixel included.
    let corners: [Float]
  }

  let path: String
  /// The picture's size; `nil` where the file has none, or 0 as some programs write.
  let size: (width: Int, height: Int)?
  let objects: [Object]

  init(_ file: TextFile, _ limits: Limits) throws(DatasetError) {
    path = file.path
    let root = try XMLElement.read(file, limits)
    guard root.name == "annotation" else {
      throw .invalid(file: path, place: root.place, expected: "the element annotation", found: root.name)
    }
    var size: (width: Int, height: Int)?
    if let element = root.child("size") {
      let width = try VOCAnnotation.number("width", in: element, path)
      let height = try VOCAnnotation.number("height", in: element, path)
      if width > 0, height > 0 { size = (Int(width), Int(height)) }
    }
    self.size = size
    var objects: [Object] = []
    for element in root.children where element.name == "object" {
      let name = element.child("name")?.trimmed ?? ""
      guard !name.isEmpty else {
        throw .invalid(file: path, place: element.place, expected: "an object with a name", found: "one without")
      }
      guard let box = element.child("bndbox") else {
        throw .invalid(
          file: path, place: element.place, expected: "a bndbox in the object \(name)", found: "none")
      }
      var corners: [Float] = []
      for key in ["xmin", "ymin", "xmax", "ymax"] {
        corners.append(try VOCAnnotation.number(key, in: box, path))
      }
      let difficult = element.child("difficult")?.trimmed ?? "0"
      guard ["0", "1"].contains(difficult) else {
        throw .invalid(
          file: path, place: element.child("difficult")!.place, expected: "0 or 1 in difficult", found: difficult)
      }
      objects.append(Object(name: name, place: box.place, difficult: difficult == "1", corners: corners))
    }
    self.objects = objects
  }

  private static func number(_ key: String, in element: XMLElement, _ path: String) throws(DatasetError) -> Float {
    let child = element.child(key)
    guard let text = child?.trimmed, let value = Float(text), value.isFinite, abs(value) <= 1e6 else {
      throw .invalid(
        file: path, place: (child ?? element).place, expected: "a number in \(key), at most a million",
        found: child.map { "\"\($0.trimmed)\"" } ?? "none")
    }
    return value
  }

  func boxes(width: Int, height: Int, _ numbering: ClassNumbering) throws(DatasetError) -> [TruthBox] {
    if let size, size != (width, height) {
      throw .size(
        file: path, expected: "\(width)x\(height) as its picture",
        found: "about a picture of \(size.width)x\(size.height)")
    }
    var boxes: [TruthBox] = []
    for object in objects {
      guard let index = numbering.index(of: object.name), index > 0 else {
        throw .invalid(
          file: path, place: object.place,
          expected: "an object of a known class (\(numbering.classes.dropFirst().map(\.name).joined(separator: ", ")))",
          found: object.name)
      }
      let c = object.corners
      // Pixel n, counted from 1, reaches from n - 1 to n.
      let box = Box(x1: c[0] - 1, y1: c[1] - 1, x2: c[2], y2: c[3])
      guard box.isProper, let clipped = box.clipped(width: width, height: height) else {
        throw .invalid(
          file: path, place: object.place, expected: "a box of positive size inside \(width)x\(height)",
          found: "xmin \(c[0]), ymin \(c[1]), xmax \(c[2]), ymax \(c[3])")
      }
      boxes.append(TruthBox(box: clipped, classIndex: index, difficult: object.difficult))
    }
    return boxes
  }
}

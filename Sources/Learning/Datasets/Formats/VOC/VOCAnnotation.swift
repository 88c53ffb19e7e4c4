import Files
import ImageTypes

/// The annotation of a picture in an XML file.
///
/// An object that cannot be read is left out by itself; fields that programs leave empty or fill with their own words are
/// optional.
struct VOCAnnotation {
  let path: String
  /// The picture's file by the annotation.
  let picture: String?
  /// The picture's size; `nil` where the file has none, or 0 as some programs write.
  let size: PictureSize?
  private(set) var objects: [AnnotatedObject] = []
  /// The errors of objects that are left out, and of odd fields.
  private(set) var errors: [DatasetError] = []

  init(_ file: TextFile, _ limits: Limits) throws(DatasetError) {
    path = file.path
    let root = try XMLElement.read(file, limits)
    guard root.name == "annotation" else {
      throw .invalid(file: path, place: root.place, expected: "the element annotation", found: root.name)
    }
    picture = root.child("filename")?.trimmed
    let sides = ["width", "height"].map { root.child("size")?.child($0).flatMap { Float($0.trimmed) } ?? 0 }
    size = sides.allSatisfy { 1...1e6 ~= $0 } ? PictureSize(width: Int(sides[0]), height: Int(sides[1])) : nil
    for element in root.children where element.name == "object" {
      do throws(DatasetError) { try take(element) } catch { errors.append(error) }
    }
  }

  private mutating func take(_ element: XMLElement) throws(DatasetError) {
    let name = element.child("name")?.trimmed ?? ""
    guard !name.isEmpty else {
      throw .invalid(file: path, place: element.place, expected: "an object with a name", found: "one without")
    }
    var isDifficult = false
    if let field = element.child("difficult") {
      switch field.trimmed.lowercased() {
      case "", "0", "false", "no", "unspecified", "none", "null", "0.0": break
      case "1", "true", "yes", "1.0": isDifficult = true
      default:
        errors.append(
          .invalid(
            file: path, place: field.place, expected: "0 or 1 in difficult, so that 0 is taken", found: field.trimmed))
      }
    }
    if element.child("bndbox") == nil, let polygon = element.child("polygon"), let corners = corners(of: polygon) {
      objects.append(
        AnnotatedObject(name: name, place: polygon.place, shape: .outline([corners]), isDifficult: isDifficult))
      return
    }
    guard let box = element.child("bndbox") else {
      throw .invalid(file: path, place: element.place, expected: "a bndbox in the object \(name)", found: "none")
    }
    var c: [Float] = []
    for key in ["xmin", "ymin", "xmax", "ymax"] { c.append(try number(key, in: box)) }
    guard c[0] <= c[2], c[1] <= c[3] else {
      throw .invalid(
        file: path, place: box.place, expected: "a box of positive size",
        found: "xmin \(c[0]), ymin \(c[1]), xmax \(c[2]), ymax \(c[3])")
    }
    // Pixel n, counted from 1, reaches from n - 1 to n.
    objects.append(
      AnnotatedObject(
        name: name, place: box.place, shape: .box(Box(x1: c[0] - 1, y1: c[1] - 1, x2: c[2], y2: c[3])),
        isDifficult: isDifficult))
  }

  private func number(_ key: String, in element: XMLElement) throws(DatasetError) -> Float {
    let child = element.child(key)
    guard let text = child?.trimmed, let value = Float(text), value.isFinite, abs(value) <= 1e6 else {
      throw .invalid(
        file: path, place: (child ?? element).place, expected: "a number in \(key), at most a million",
        found: child.map { "\"\($0.trimmed)\"" } ?? "none")
    }
    return value
  }

  /// The corners x1, y1, x2, y2, … of a polygon; `nil` for fewer than three.
  private func corners(of polygon: XMLElement) -> [Float]? {
    var corners: [Float] = []
    for number in 1...10_000 {
      guard let x = polygon.child("x\(number)").flatMap({ Float($0.trimmed) }),
        let y = polygon.child("y\(number)").flatMap({ Float($0.trimmed) })
      else { break }
      corners += [x, y]
    }
    return corners.count >= 6 ? corners : nil
  }
}

import Files
import ImageTypes

/// CVAT for images: one XML file of images with their boxes and polygons.
///
/// Ellipses are boxes; points and lines are left out, as are masks.
/// Source: docs.cvat.ai, "CVAT for image".
enum CVATFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let images = try layout.pictureIndex()
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    var files = layout.file.map { [$0] } ?? []
    if files.isEmpty { files = try layout.all(["xml"]).map { "\(layout.folder)/\($0)" } }
    var known: [Int: String] = [:]
    var pictures: [AnnotatedPicture] = []
    for path in files {
      let annotation: CVATAnnotations
      do throws(DatasetError) {
        annotation = try CVATAnnotations(TextFile(xml: path, collector.limits), collector.limits)
      } catch {
        try collector.skip(error)
        continue
      }
      for error in annotation.errors { try collector.drop(error) }
      collector.note(.shapes, path, count: annotation.others)
      for image in annotation.images {
        guard let index = images.find(named: image.name, stem: nil, near: "") else {
          try collector.skip(.missing(file: "\(images.folder)/\(image.name)", expected: "a picture that \(path) lists"))
          continue
        }
        if let other = known.updateValue(path, forKey: index) {
          try collector.skip(.duplicate(file: "\(path), \(image.name)", other: other))
          continue
        }
        pictures.append(
          AnnotatedPicture(
            path: images.path(index), name: images.pictures[index].name, file: path, size: image.size,
            objects: image.objects, isComplete: image.isComplete))
      }
    }
    for index in images.pictures.indices where known[index] == nil { collector.note(.unlabelled, images.path(index)) }
    return try ExportFormat.samples(pictures, layout, &collector)
  }
}

/// The images of one file.
struct CVATAnnotations {
  struct Picture {
    let name: String
    let size: PictureSize?
    var objects: [AnnotatedObject]
    var isComplete = true
  }

  private(set) var images: [Picture] = []
  private(set) var errors: [DatasetError] = []
  private(set) var others = 0

  init(_ file: TextFile, _ limits: Limits) throws(DatasetError) {
    let root = try XMLElement.read(file, limits)
    guard root.name == "annotations" else {
      throw .invalid(file: file.path, place: root.place, expected: "the element annotations", found: root.name)
    }
    for element in root.children where element.name == "image" {
      guard let name = element.attributes["name"], !name.isEmpty else {
        errors.append(
          .invalid(file: file.path, place: element.place, expected: "an image with a name", found: "one without"))
        continue
      }
      let sides = ["width", "height"].map { element.attributes[$0].flatMap { Int($0) } }
      let size = PictureSize(declared: sides[0], sides[1])
      var picture = Picture(name: name, size: size, objects: [])
      for child in element.children {
        do throws(DatasetError) {
          if let object = try object(child, file.path) { picture.objects.append(object) }
        } catch {
          picture.isComplete = false
          errors.append(error)
        }
      }
      images.append(picture)
    }
  }

  private mutating func object(_ element: XMLElement, _ path: String) throws(DatasetError) -> AnnotatedObject? {
    func wrong(_ expected: String) -> DatasetError {
      .invalid(
        file: path, place: element.place, expected: expected,
        found: "\(element.name) of \(element.attributes["label"] ?? "no label")")
    }
    func numbers(_ keys: String...) throws(DatasetError) -> [Float] {
      let values = keys.compactMap { key in element.attributes[key].flatMap { Float($0) } }.filter(\.isFinite)
      guard values.count == keys.count else { throw wrong("the numbers \(keys.joined(separator: ", "))") }
      return values
    }
    let shape: AnnotatedObject.Shape
    switch element.name {
    case "box":
      let c = try numbers("xtl", "ytl", "xbr", "ybr")
      shape = .box(Box(x1: c[0], y1: c[1], x2: c[2], y2: c[3]))
    case "ellipse":
      let c = try numbers("cx", "cy", "rx", "ry")
      shape = .box(Box(x1: c[0] - c[2], y1: c[1] - c[3], x2: c[0] + c[2], y2: c[1] + c[3]))
    case "mask":
      let c = try numbers("left", "top", "width", "height")
      shape = .box(Box(x1: c[0], y1: c[1], x2: c[0] + c[2], y2: c[1] + c[3]))
    case "polygon":
      let points = (element.attributes["points"] ?? "").split { $0 == ";" || $0 == "," || $0 == " " }.map { Float($0) }
      guard points.count >= 6, points.count % 2 == 0, points.allSatisfy({ $0?.isFinite == true }) else {
        throw wrong("three points or more")
      }
      shape = .outline([points.map { $0! }])
    case "polyline", "points", "skeleton", "cuboid":
      others += 1
      return nil
    default: return nil
    }
    guard let label = element.attributes["label"], !label.isEmpty else { throw wrong("a label") }
    return AnnotatedObject(name: label, place: element.place, shape: shape)
  }
}

import Postprocess

/// Pascal VOC: an XML file for each picture, or masks with a palette, or both.
///
/// Masks' values are the classes' numbers in alphabetical order, 255 is void. A set with classes of its own names them in
/// `classes.txt` or a YAML file; without masks, the names in its XML files are enough.
///
/// Source: "The PASCAL Visual Object Classes Challenge 2012 Development Kit", section 4.
enum VOCFormat {
  static let classes = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    guard let pictures = layout.pictures else {
      throw .missing(file: "\(layout.folder)/JPEGImages", expected: "a folder of pictures")
    }
    let images = try FolderListing(pictures, kinds: FileName.pictureKinds)
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    var annotations: [String: VOCAnnotation] = [:]
    var broken: Set<String> = []
    var found: Set<String> = []
    if let folder = layout.annotations {
      for name in try FolderListing(folder, kinds: ["xml"]).names {
        let stem = FileName(name).stem
        do throws(DatasetError) {
          guard images.path(ofStem: stem) != nil else {
            throw .missing(file: "\(pictures)/\(stem).jpg", expected: "the picture of \(folder)/\(name)")
          }
          let annotation = try VOCAnnotation(path: "\(folder)/\(name)")
          annotations[stem] = annotation
          found.formUnion(annotation.objects.map(\.name))
        } catch {
          broken.insert(stem)
          try collector.skip(error)
        }
      }
    }
    let (numbering, meaning) = try classes(layout, found: found)
    let masks: MaskFiles? = if let folder = layout.masks { try MaskFiles(folder, meaning) } else { nil }
    for name in images.names where !broken.contains(FileName(name).stem) {
      let stem = FileName(name).stem
      let (annotation, mask) = (annotations[stem], masks?.path(of: stem))
      guard annotation != nil || mask != nil else { continue }
      let limited = collector
      try collector.add { () throws(DatasetError) in
        let path = "\(pictures)/\(name)"
        let size = try limited.size(of: path, mask: mask)
        return Sample(
          path: path, name: stem, width: size.width, height: size.height,
          boxes: try annotation?.boxes(width: size.width, height: size.height, numbering),
          mask: mask.map { masks!.source($0) })
      }
    }
    try masks?.reportWithoutPicture(images, &collector)
    return numbering.classes
  }

  private static func classes(
    _ layout: DatasetLayout, found: Set<String>
  ) throws(DatasetError) -> (ClassNumbering, MaskMeaning) {
    let files = try layout.namesFiles()
    var names: [String]
    var file = layout.folder
    if let named = files.masks {
      file = named.path
      names = (0...(named.names.keys.max() ?? 0)).map { named.names[$0] ?? "" }
      // A list of things alone has no background; YOLO's `names` begin with the first thing.
      if let first = names.first, found.contains(first) || named.key == "names" && !isBackground(first) {
        names.insert("background", at: 0)
      }
    } else if found.isSubset(of: classes) {
      names = classes
    } else if layout.masks == nil {
      names = ["background"] + found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } else {
      throw .missing(
        file: "\(layout.folder)/classes.txt",
        expected: "the classes' names, since \(found.subtracting(classes).min()!) is none of Pascal VOC's")
    }
    var numbering = ClassNumbering(background: names[0])
    var classOfValue = [0: 0]
    for (value, name) in names.enumerated().dropFirst() where !name.isEmpty {
      guard value < 255 else {
        throw .limit(file: file, place: .element(name), what: "values of a mask", allowed: 254, found: value)
      }
      classOfValue[value] = try numbering.add(name, id: value, file: file)
    }
    return (numbering, MaskMeaning(classOfValue))
  }

  private static func isBackground(_ name: String) -> Bool {
    ["background", "_background_", "__background__", "unlabeled"].contains(name.lowercased())
  }
}

/// What an XML file says of a picture.
private struct VOCAnnotation {
  struct Object {
    let name: String
    let line: Int
    let difficult: Bool
    /// From 1, the last pixel included.
    let corners: [Float]
  }

  let path: String
  /// `nil` where the file states none, or 0 as some programs do.
  let size: (width: Int, height: Int)?
  let objects: [Object]

  init(path: String) throws(DatasetError) {
    self.path = path
    let root = try XMLElement.read(path: path)
    guard root.name == "annotation" else {
      throw .invalid(file: path, place: .line(root.line), expected: "the element annotation", found: root.name)
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
        throw .invalid(file: path, place: .line(element.line), expected: "an object with a name", found: "one without")
      }
      guard let box = element.child("bndbox") else {
        throw .invalid(
          file: path, place: .line(element.line), expected: "a bndbox in the object \(name)", found: "none")
      }
      var corners: [Float] = []
      for key in ["xmin", "ymin", "xmax", "ymax"] {
        corners.append(try VOCAnnotation.number(key, in: box, path))
      }
      let difficult = element.child("difficult")?.trimmed ?? "0"
      guard ["0", "1"].contains(difficult) else {
        throw .invalid(
          file: path, place: .line(element.child("difficult")!.line), expected: "0 or 1 in difficult", found: difficult)
      }
      objects.append(Object(name: name, line: box.line, difficult: difficult == "1", corners: corners))
    }
    self.objects = objects
  }

  private static func number(_ key: String, in element: XMLElement, _ path: String) throws(DatasetError) -> Float {
    let child = element.child(key)
    guard let text = child?.trimmed, let value = Float(text), value.isFinite, abs(value) <= 1e6 else {
      throw .invalid(
        file: path, place: .line((child ?? element).line), expected: "a number in \(key), at most a million",
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
          file: path, place: .line(object.line),
          expected: "an object of a known class (\(numbering.classes.dropFirst().map(\.name).joined(separator: ", ")))",
          found: object.name)
      }
      let c = object.corners
      // Pixel n, counted from 1, reaches from n - 1 to n.
      let box = Box(x1: c[0] - 1, y1: c[1] - 1, x2: c[2], y2: c[3])
      guard box.isProper, let clipped = box.clipped(width: width, height: height) else {
        throw .invalid(
          file: path, place: .line(object.line), expected: "a box of positive size inside \(width)x\(height)",
          found: "xmin \(c[0]), ymin \(c[1]), xmax \(c[2]), ymax \(c[3])")
      }
      boxes.append(TruthBox(box: clipped, classIndex: index, difficult: object.difficult))
    }
    return boxes
  }
}

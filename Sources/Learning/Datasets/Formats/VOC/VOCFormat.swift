import Files
import ImageTypes

/// Pascal VOC: an XML file for each picture, or masks with a palette, or both.
///
/// Masks' values are the classes' numbers in alphabetical order, 255 is the ignore index. A set with custom classes
/// names them in `classes.txt` or a YAML file. Without masks, the names in its XML files suffice.
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
          let annotation = try VOCAnnotation(TextFile(path: "\(folder)/\(name)", collector.limits), collector.limits)
          annotations[stem] = annotation
          found.formUnion(annotation.objects.map(\.name))
        } catch {
          broken.insert(stem)
          try collector.skip(error)
        }
      }
    }
    let (numbering, meaning) = try classes(layout, found: found, collector.limits)
    let masks: MaskFiles? = if let folder = layout.masks { try MaskFiles(folder, meaning) } else { nil }
    for name in images.names where !broken.contains(FileName(name).stem) {
      let stem = FileName(name).stem
      let (annotation, mask) = (annotations[stem], masks?.path(of: stem))
      guard annotation != nil || mask != nil || collector.keepsUnlabelled else { continue }
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
    _ layout: DatasetLayout, found: Set<String>, _ limits: Limits
  ) throws(DatasetError) -> (ClassNumbering, MaskMeaning) {
    let files = try layout.namesFiles(limits)
    var names: [String]
    var file = layout.folder
    if let named = files.masks {
      file = named.path
      names = (0...(named.names.keys.max() ?? 0)).map { named.names[$0] ?? "" }
      // A list of object classes alone has no background; YOLO's `names` begin with the first class.
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

import Files
import ImageTypes

/// Pascal VOC: an XML file for each picture, or masks with a palette, or both.
///
/// XML files lie in `Annotations`, in `annotations/xmls`, or beside the pictures; each belongs to the picture of its own
/// name or of the name in it. Masks' values are the classes' numbers in alphabetical order, 255 is the ignore index. A set
/// with custom classes names them in `classes.txt`, a YAML file or a table of colours. Without masks, the names in its XML
/// files suffice.
///
/// Source: "The PASCAL Visual Object Classes Challenge 2012 Development Kit", section 4.
enum VOCFormat {
  static let classes = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let images = try layout.pictureIndex()
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    var annotations: [Int: VOCAnnotation] = [:]
    var broken: Set<Int> = []
    var found: Set<String> = []
    for (path, place) in try files(layout) {
      do throws(DatasetError) {
        let stem = FileName(FileName.last(of: path)).stem
        var index = images.find(named: nil, stem: stem, near: place)
        let annotation: VOCAnnotation
        do throws(DatasetError) {
          annotation = try VOCAnnotation(TextFile(xml: path, collector.limits), collector.limits)
        } catch {
          if let index { broken.insert(index) }
          throw error
        }
        if index == nil { index = images.find(named: annotation.picture, stem: stem, near: place) }
        guard let index else {
          let folder = layout.pictures ?? FilePath.folder(of: path)
          throw .missing(file: "\(folder)/\(stem).jpg", expected: "the picture of \(path)")
        }
        if let other = annotations[index] { throw .duplicate(file: path, other: other.path) }
        for error in annotation.errors { try collector.drop(error) }
        annotations[index] = annotation
        found.formUnion(annotation.objects.map(\.name))
      } catch {
        try collector.skip(error)
      }
    }
    var masks: MaskFiles?
    if let folder = layout.masks { masks = try MaskFiles(folder, for: images) }
    if annotations.isEmpty, let refusal = masks?.refusal { throw refusal }
    let (numbering, reading) = try classes(layout, found: found, masks, &collector)
    let hasOutlines = annotations.values.contains { annotation in
      annotation.objects.contains { if case .outline = $0.shape { true } else { false } }
    }
    let maker = SampleMaker(numbering: numbering, hasOutlines: hasOutlines)
    for index in images.pictures.indices where !broken.contains(index) {
      let (annotation, mask) = (annotations[index], masks?.path(of: index))
      let path = images.path(index)
      guard annotation != nil || mask != nil || collector.keepsUnlabelled else {
        collector.note(.unlabelled, path)
        continue
      }
      try maker.add(
        AnnotatedPicture(
          path: path, name: images.pictures[index].name, file: annotation?.path ?? path, size: annotation?.size,
          objects: annotation?.objects, isComplete: annotation?.errors.isEmpty ?? true), mask: mask.map(reading.source),
        into: &collector)
    }
    try masks?.report(images, &collector)
    return numbering.classes
  }

  /// The XML files, and the relative paths of their folders.
  private static func files(_ layout: DatasetLayout) throws(DatasetError) -> [(path: String, folder: String)] {
    if let file = layout.file { return [(file, "")] }
    var root = layout.folder
    var files: [String] = []
    if let folder = layout.annotations {
      files = try FolderListing.all(folder, kinds: ["xml"])
      root = folder
    }
    if files.isEmpty {
      files = try layout.all(["xml"])
      root = layout.folder
    }
    return files.map { ("\(root)/\($0)", FilePath.folder(of: $0)) }
  }

  private static func classes(
    _ layout: DatasetLayout, found: Set<String>, _ masks: MaskFiles?, _ collector: inout Collector
  ) throws(DatasetError) -> (ClassNumbering, MaskReading) {
    let files = try layout.namesFiles()
    let survey = MaskSurvey(masks?.used ?? [], layout.limits)
    if masks != nil, let table = try MasksFormat.table(layout) {
      var (numbering, classOfValue) = try MasksFormat.classes(of: table)
      for name in found.sorted() { _ = try numbering.add(name, id: numbering.classes.count, file: layout.folder) }
      return (numbering, try MaskReading(survey, classOfValue, numbering, table: table, into: &collector))
    }
    var names: [String]
    var file = layout.folder
    if let named = files.masks {
      file = named.path
      names = (0...(named.names.keys.max() ?? 0)).map { named.names[$0] ?? "" }
      // A list of object classes alone has no background; YOLO's `names` begin with the first class.
      if let first = names.first, found.contains(first) || named.key == "names" && !ClassNumbering.isBackground(first) {
        names.insert("background", at: 0)
      }
    } else if found.isSubset(of: classes) {
      names = classes
    } else if masks == nil {
      names =
        ["background"]
        + found.filter { !ClassNumbering.isBackground($0) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
    return (numbering, try MaskReading(survey, classOfValue, numbering, table: nil, into: &collector))
  }
}

import Files
import ImageTypes

/// COCO's instances: one JSON file with images, annotations and categories.
///
/// Classes are numbered by their category ids, which may have gaps. A picture has a mask where all of its objects have
/// outlines. Larger objects are painted first, so that smaller ones lie on top. A crowd's region has the ignore index
/// outside the outlined objects.
///
/// Source: cocodataset.org, "Data format", object detection.
enum COCOFormat {
  static func read(
    _ layout: DatasetLayout, _ options: Dataset.Options, into collector: inout Collector
  ) throws(DatasetError) -> [DatasetClass] {
    let path = try file(layout)
    let mapped: MappedFile
    do throws(FileError) { mapped = try MappedFile(path: path, .datasetBytes, of: options.limits) } catch {
      throw .file(error)
    }
    var records = COCORecords()
    try records.read(JSONCursor(mapped, options.limits))
    var numbering = ClassNumbering()
    var classOfCategory: [Int: Int] = [:]
    for (id, name) in records.categories.sorted(by: { $0.key < $1.key }) {
      let index = try numbering.add(name, id: id, file: path)
      guard !classOfCategory.values.contains(index), index > 0 else {
        throw .invalid(file: path, place: .element("categories"), expected: "each name once", found: name)
      }
      classOfCategory[id] = index
    }
    guard !classOfCategory.isEmpty else {
      throw .missing(file: "\(path), categories", expected: "at least one category")
    }
    var ofImage: [Int: [COCORecords.Annotation]] = [:]
    for annotation in records.annotations { ofImage[annotation.image, default: []].append(annotation) }
    let meaning = MaskMeaning(
      Dictionary(uniqueKeysWithValues: (0..<numbering.classes.count).map { ($0, $0) }))
    var finder = PictureFinder(layout, jsonPath: path, options.pictures)
    for image in records.images {
      let annotations = ofImage.removeValue(forKey: image.id) ?? []
      try collector.add { () throws(DatasetError) in
        let picture = try finder.path(of: image.name, in: path)
        var boxes: [TruthBox] = []
        for annotation in annotations { boxes.append(try annotation.box(of: image, classOfCategory, path)) }
        let outlines = annotations.compactMap { annotation in
          annotation.outline.map {
            COCOOutlines.Outline(
              position: $0, classIndex: UInt8(classOfCategory[annotation.category]!), isCrowd: annotation.isCrowd,
              area: annotation.area.map { Float($0) } ?? annotation.boxArea)
          }
        }
        let hasMask = outlines.count == annotations.count && records.hasOutlines
        return Sample(
          path: picture, name: FileName(image.name).stem, width: image.width, height: image.height, id: image.id,
          boxes: boxes,
          mask: hasMask
            ? MaskSource(storage: .outlines(COCOOutlines(mapped, outlines, options.limits)), meaning: meaning) : nil)
      }
    }
    for (image, annotations) in ofImage.sorted(by: { $0.key < $1.key }) {
      try collector.skip(
        .invalid(
          file: path, place: .byte(annotations[0].position), expected: "an annotation of a listed image",
          found: "image_id \(image)"))
    }
    return numbering.classes
  }

  private static func file(_ layout: DatasetLayout) throws(DatasetError) -> String {
    if let file = layout.file { return file }
    for folder in [layout.annotations, layout.folder].compactMap(\.self) {
      let files = try DatasetLayout.files("json", in: folder)
      if files.count > 1 {
        throw .unknownFormat(folder: folder, found: "\(files.count) JSON files; name the one that is meant")
      }
      if let file = files.first { return file }
    }
    throw .missing(file: "\(layout.folder)/annotations", expected: "a COCO file")
  }
}

/// The search for the picture files named by a COCO file.
private struct PictureFinder {
  private var candidates: [String]
  private var namesInFolder: [String: Set<String>] = [:]

  init(_ layout: DatasetLayout, jsonPath: String, _ named: String?) {
    if let named {
      candidates = [named]
      return
    }
    // annotations/instances_val2017.json belongs to val2017.
    let stem = FileName(jsonPath.split(separator: "/").last.map(String.init) ?? "").stem
    let part = stem.split(separator: "_").last.map(String.init) ?? stem
    let above = layout.file == nil ? nil : "\(layout.folder)/.."
    candidates = [layout.folder, above].compactMap(\.self).flatMap { folder in
      ["images/\(part)", part, "images", "JPEGImages", "."].map { "\(folder)/\($0)" }
    }
  }

  mutating func path(of name: String, in file: String) throws(DatasetError) -> String {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(""), !parts.contains(".."), !name.utf8.contains(0) else {
      throw .invalid(file: file, place: .element("file_name"), expected: "a name inside the folder", found: name)
    }
    let inner = parts.dropLast().map { "/" + $0 }.joined()
    for (index, candidate) in candidates.enumerated() where names(in: candidate + inner).contains(String(parts.last!)) {
      // The next picture is most likely in the same folder.
      if index > 0 { candidates.swapAt(0, index) }
      return "\(candidate)/\(name)"
    }
    throw .missing(file: "\(candidates[0])/\(name)", expected: "a picture that \(file) lists")
  }

  private mutating func names(in folder: String) -> Set<String> {
    if let known = namesInFolder[folder] { return known }
    let names = Set((try? Folder.names(in: folder)) ?? [])
    namesInFolder[folder] = names
    return names
  }
}

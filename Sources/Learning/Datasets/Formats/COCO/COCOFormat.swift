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
    let paths = try files(layout)
    var files: [(file: MappedFile, records: COCORecords)] = []
    for path in paths {
      let mapped: MappedFile
      do throws(FileError) { mapped = try MappedFile(path: path, .datasetBytes, of: options.limits) } catch {
        throw .file(error)
      }
      var records = COCORecords()
      try records.read(JSONCursor(mapped, options.limits))
      for error in records.imageErrors { try collector.skip(error) }
      for error in records.errors { try collector.drop(error) }
      files.append((mapped, records))
    }
    var numbering = try background(files.map(\.records))
    for (file, records) in files {
      let classOfCategory = try classes(records, of: file.path, &numbering, &collector)
      try add(file, records, classOfCategory, numbering, layout, options, isOnly: files.count == 1, &collector)
    }
    return numbering.classes
  }

  /// The numbering with a category of the background, whose id is kept, where there is one.
  private static func background(_ all: [COCORecords]) throws(DatasetError) -> ClassNumbering {
    for records in all {
      for (id, name) in records.categories.sorted(by: { $0.key < $1.key }) where ClassNumbering.isBackground(name) {
        return ClassNumbering(background: name, id: records.text(of: id) == nil ? id : 0)
      }
    }
    return ClassNumbering()
  }

  private static func classes(
    _ records: COCORecords, of path: String, _ numbering: inout ClassNumbering, _ collector: inout Collector
  ) throws(DatasetError) -> [Int: Int] {
    var classOfCategory: [Int: Int] = [:]
    // Ids that are texts have no order of their own.
    let categories = records.categories.sorted { a, b in
      (records.text(of: a.key) ?? "", a.key) < (records.text(of: b.key) ?? "", b.key)
    }
    for (place, category) in categories.enumerated() {
      let id = records.text(of: category.key) == nil ? category.key : place + 1
      let index = try numbering.add(category.value, id: id, file: path)
      if index > 0, classOfCategory.values.contains(index) { collector.note(.sameName(category.value), path) }
      classOfCategory[category.key] = index
    }
    guard !classOfCategory.isEmpty else {
      throw .missing(file: "\(path), categories", expected: "at least one category")
    }
    return classOfCategory
  }

  private static func add(
    _ file: MappedFile, _ records: COCORecords, _ classOfCategory: [Int: Int], _ numbering: ClassNumbering,
    _ layout: DatasetLayout, _ options: Dataset.Options, isOnly: Bool, _ collector: inout Collector
  ) throws(DatasetError) {
    let path = file.path
    var ofImage: [Int: [COCORecords.Annotation]] = [:]
    for annotation in records.annotations { ofImage[annotation.image, default: []].append(annotation) }
    let meaning = MaskMeaning(
      Dictionary(uniqueKeysWithValues: (0..<numbering.classes.count).map { ($0, $0) }))
    var finder = PictureFinder(layout, jsonPath: path, options.pictures)
    for image in records.images {
      let annotations = ofImage.removeValue(forKey: image.id) ?? []
      do throws(DatasetError) {
        let picture = try finder.path(of: image.name, in: path)
        let size = try collector.size(of: picture)
        let turn = try collector.turn(
          of: "\(path), \(image.name)", picture: picture, size, declared: image.size, boxes: annotations.map(\.whole))
        var boxes: [TruthBox] = []
        var outlines: [COCOOutlines.Outline] = []
        var isOutlined = records.hasOutlines && !records.incomplete.contains(image.id)
        for annotation in annotations {
          if classOfCategory[annotation.category] == 0 {
            collector.note(.backgroundObjects, path)
            continue
          }
          do throws(DatasetError) {
            let box = try annotation.box(in: size, named: image.name, turn, classOfCategory, path)
            boxes.append(box)
            guard let outline = annotation.outline else {
              isOutlined = false
              continue
            }
            outlines.append(
              COCOOutlines.Outline(
                position: outline, classIndex: UInt8(box.classIndex), isCrowd: annotation.isCrowd,
                area: annotation.area.map { Float($0) } ?? annotation.boxArea))
          } catch {
            // An object without an extent has no pixels either.
            if annotation.size.width > 0, annotation.size.height > 0 { isOutlined = false }
            try collector.drop(error)
          }
        }
        if records.hasOutlines, !isOutlined { collector.note(.boxesOnly, picture) }
        let mask = MaskSource(
          storage: .outlines(COCOOutlines(file, outlines, options.limits)), meaning: meaning, turn: turn)
        let text = records.text(of: image.id)
        let stem = FileName(image.name.replacing("\\", with: "/")).stem
        collector.add(
          Sample(
            path: picture, name: isOnly ? stem : "\(FileName.last(of: FilePath.folder(of: path)))/\(stem)",
            width: size.width, height: size.height, id: isOnly && text == nil ? image.id : nil,
            textID: isOnly ? text : nil, boxes: boxes, mask: isOutlined ? mask : nil))
      } catch {
        try collector.skip(error)
      }
    }
    for (image, annotations) in ofImage.sorted(by: { $0.key < $1.key }) {
      try collector.skip(
        .invalid(
          file: path, place: .byte(annotations[0].position), expected: "an annotation of a listed image",
          found: "image_id \(records.words(image))"))
    }
  }

  /// The file, or those of the parts of a data set.
  private static func files(_ layout: DatasetLayout) throws(DatasetError) -> [String] {
    if let file = layout.file { return [file] }
    for folder in [layout.annotations, layout.folder].compactMap(\.self) {
      let names: [String]
      do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
      let files = names.filter { FileName($0).kind == "json" }.map { "\(folder)/\($0)" }
        .filter { JSONKind(path: $0, layout.limits)?.format ?? .coco == .coco }
      if files.count > 1 { throw .severalFiles(files, expected: "one COCO file") }
      if let file = files.first { return [file] }
    }
    // Exports have a file in each part's folder.
    let files = try layout.all(["json"]).map { "\(layout.folder)/\($0)" }
      .filter { JSONKind(path: $0, layout.limits)?.format == .coco }
    if Set(files.map { FilePath.folder(of: $0) }).count < files.count {
      throw .severalFiles(files, expected: "one COCO file in each folder")
    }
    guard !files.isEmpty else { throw .missing(file: "\(layout.folder)/annotations", expected: "a COCO file") }
    return files
  }
}

/// The search for the picture files named by a COCO file.
private struct PictureFinder {
  private var candidates: [String]
  private var namesInFolder: [String: Set<String>] = [:]
  /// The folder that is searched where the usual ones do not have a picture.
  private let root: String
  private var index: PictureIndex?

  init(_ layout: DatasetLayout, jsonPath: String, _ named: String?) {
    let isInAnnotations = ["annotations", "Annotations"].contains(FileName.last(of: layout.folder))
    root = named ?? (layout.file != nil && isInAnnotations ? "\(layout.folder)/.." : layout.folder)
    if let named {
      candidates = [named]
      return
    }
    // annotations/instances_val2017.json belongs to val2017.
    let stem = FileName(jsonPath.split(separator: "/").last.map(String.init) ?? "").stem
    let part = stem.split(separator: "_").last.map(String.init) ?? stem
    let above = layout.file == nil ? nil : "\(layout.folder)/.."
    let own = FilePath.folder(of: jsonPath)
    candidates = [layout.folder, above, own == layout.folder ? nil : own].compactMap(\.self).flatMap { folder in
      ["images/\(part)", part, "images", "JPEGImages", "."].map { "\(folder)/\($0)" }
    }
  }

  mutating func path(of name: String, in file: String) throws(DatasetError) -> String {
    let given = name
    // Windows' separators, and a leading `./`.
    var name = name.replacing("\\", with: "/")
    while name.hasPrefix("./") { name.removeFirst(2) }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !parts.contains(""), !parts.contains(".."), !name.utf8.contains(0) else {
      throw .invalid(file: file, place: .element("file_name"), expected: "a name inside the folder", found: given)
    }
    let inner = parts.dropLast().map { "/" + $0 }.joined()
    for (index, candidate) in candidates.enumerated() where names(in: candidate + inner).contains(String(parts.last!)) {
      // The next picture is most likely in the same folder.
      if index > 0 { candidates.swapAt(0, index) }
      return "\(candidate)/\(name)"
    }
    // The folders in it may be another machine's.
    if index == nil { index = try PictureIndex(root) }
    if let index, let place = index.find(named: name, stem: nil, near: "") { return index.path(place) }
    throw .missing(file: "\(candidates[0])/\(name)", expected: "a picture that \(file) lists")
  }

  private mutating func names(in folder: String) -> Set<String> {
    if let known = namesInFolder[folder] { return known }
    let names = Set((try? Folder.names(in: folder)) ?? [])
    namesInFolder[folder] = names
    return names
  }
}

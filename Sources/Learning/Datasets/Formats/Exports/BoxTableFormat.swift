import Files
import ImageTypes

/// Tables of boxes: `_annotations.csv`, with the columns filename, width, height, class, xmin, ymin, xmax, ymax in any
/// order, named in the first line.
enum BoxTableFormat {
  private static let columns = ["filename", "class", "xmin", "ymin", "xmax", "ymax"]

  /// The tables of a folder and of its parts.
  static func tables(_ layout: DatasetLayout) throws(DatasetError) -> [String] {
    if let file = layout.file { return FileName(file).kind == "csv" ? [file] : [] }
    var tables: [String] = []
    for path in try layout.all(["csv"]).prefix(64) {
      let file = try? TextFile(path: "\(layout.folder)/\(path)", layout.limits)
      guard let head = try? file?.lines().first?.text else { continue }
      if places(head) != nil { tables.append("\(layout.folder)/\(path)") }
    }
    return tables
  }

  /// The places of the columns in the first line.
  private static func places(_ head: String) -> [String: Int]? {
    let other = [
      "image": "filename", "file": "filename", "image_path": "filename", "label": "class", "label_name": "class",
    ]
    let names = (CSVLine.fields(head) ?? []).map { name in
      let name = name.lowercased()
      return other[name] ?? name
    }
    let places = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    return columns.allSatisfy { places[$0] != nil } ? places : nil
  }

  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let images = try layout.pictureIndex()
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    var objects: [Int: [AnnotatedObject]] = [:]
    var tableOf: [Int: (path: String, size: PictureSize?)] = [:]
    for table in try tables(layout) {
      let lines = try TextFile(path: table, collector.limits).lines()
      guard let head = lines.first, let places = places(head.text) else {
        throw .invalid(
          file: table, place: .line(1, byte: 0), expected: "a line with the columns \(columns.joined(separator: ", "))",
          found: "\"\(lines.first?.text.prefix(80) ?? "")\"")
      }
      let folder =
        table.hasPrefix(layout.folder + "/")
        ? FilePath.folder(of: String(table.dropFirst(layout.folder.utf8.count + 1))) : ""
      var missing: Set<String> = []
      for line in lines.dropFirst() where !line.text.isEmpty {
        let fields = CSVLine.fields(line.text) ?? []
        func field(_ name: String) -> String { places[name].flatMap { $0 < fields.count ? fields[$0] : nil } ?? "" }
        let name = field("filename")
        guard let index = images.find(named: name, stem: nil, near: folder) else {
          if missing.insert(name).inserted {
            try collector.skip(.missing(file: "\(images.folder)/\(name)", expected: "a picture that \(table) lists"))
          }
          continue
        }
        tableOf[index] = (table, PictureSize(declared: Int(field("width")), Int(field("height"))))
        let corners = columns.dropFirst(2).compactMap { Float(field($0)) }.filter(\.isFinite)
        if objects[index] == nil { objects[index] = [] }
        // A picture without a box has a line of empty fields in some programs.
        if columns.dropFirst().allSatisfy({ field($0).isEmpty }) { continue }
        guard corners.count == 4, !field("class").isEmpty else {
          try collector.drop(
            .invalid(
              file: table, place: line.place, expected: "a class and four numbers", found: "\"\(line.text.prefix(80))\""
            ))
          continue
        }
        objects[index]!.append(
          AnnotatedObject(
            name: field("class"), place: line.place,
            shape: .box(Box(x1: corners[0], y1: corners[1], x2: corners[2], y2: corners[3]))))
      }
    }
    var pictures: [AnnotatedPicture] = []
    for index in images.pictures.indices {
      guard let found = objects[index], let table = tableOf[index] else {
        collector.note(.unlabelled, images.path(index))
        continue
      }
      pictures.append(
        AnnotatedPicture(
          path: images.path(index), name: images.pictures[index].name, file: table.path, size: table.size,
          objects: found))
    }
    return try ExportFormat.samples(pictures, layout, &collector)
  }
}

/// What the readers of single exports share.
enum ExportFormat {
  /// Makes samples of pictures whose classes are those that their objects have.
  static func samples(
    _ pictures: [AnnotatedPicture], _ layout: DatasetLayout, _ collector: inout Collector
  ) throws(DatasetError) -> [DatasetClass] {
    let numbering = try SampleMaker.numbering(pictures, names: nil, file: layout.file ?? layout.folder)
    let maker = SampleMaker(numbering: numbering, hasOutlines: SampleMaker.hasOutlines(pictures))
    for picture in pictures { try maker.add(picture, into: &collector) }
    return numbering.classes
  }

  /// Reads a JSON file for each picture; pictures without one are told and left out.
  static func jsonFiles(
    _ layout: DatasetLayout, into collector: inout Collector,
    _ read: (JSONCursor) throws(DatasetError) -> JSONAnnotation?
  ) throws(DatasetError) -> [DatasetClass] {
    let images = try layout.pictureIndex()
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    var paths = try layout.all(["json"])
    if let file = layout.file, FileName(file).kind == "json" { paths = [FileName.last(of: file)] }
    var known: [Int: String] = [:]
    var pictures: [AnnotatedPicture] = []
    for path in paths {
      let full = "\(layout.folder)/\(path)"
      do throws(DatasetError) {
        let file: MappedFile
        do throws(FileError) { file = try MappedFile(path: full, .datasetBytes, of: layout.limits) } catch {
          throw .file(error)
        }
        guard let annotation = try read(JSONCursor(file, layout.limits)) else { continue }
        // Supervisely's files have the picture's extension too: `a.jpg.json`.
        var stem = FileName(FileName.last(of: path)).stem
        if FileName.pictureKinds.contains(FileName(stem).kind) { stem = FileName(stem).stem }
        guard let index = images.find(named: annotation.picture, stem: stem, near: FilePath.folder(of: path)) else {
          throw .missing(
            file: "\(FilePath.folder(of: full))/\(annotation.picture.map { FileName.last(of: $0) } ?? "\(stem).jpg")",
            expected: "the picture of \(full)")
        }
        if let other = known.updateValue(full, forKey: index) { throw .duplicate(file: full, other: other) }
        for error in annotation.errors { try collector.drop(error) }
        collector.note(.shapes, full, count: annotation.others)
        pictures.append(
          AnnotatedPicture(
            path: images.path(index), name: images.pictures[index].name, file: full, size: annotation.size,
            objects: annotation.objects, isComplete: annotation.errors.isEmpty))
      } catch {
        try collector.skip(error)
      }
    }
    for index in images.pictures.indices where known[index] == nil { collector.note(.unlabelled, images.path(index)) }
    return try samples(pictures, layout, &collector)
  }
}

/// A picture's annotation in a JSON file of its own.
struct JSONAnnotation {
  var picture: String?
  var size: PictureSize?
  var objects: [AnnotatedObject] = []
  /// The errors of objects that are left out.
  var errors: [DatasetError] = []
  /// Objects without an extent.
  var others = 0

  /// Reads the array of objects.
  ///
  /// - Parameter object: reads one, the number of which is counted from 1; `nil` for one without an extent.
  mutating func readObjects(
    _ cursor: inout JSONCursor, _ object: (inout JSONCursor, _ number: Int) throws(DatasetError) -> AnnotatedObject?
  ) throws(DatasetError) {
    var (annotation, count) = (self, 0)
    try cursor.array { (cursor) throws(DatasetError) in
      count += 1
      try cursor.check(.records, count)
      try cursor.record(into: &annotation.errors) { (cursor) throws(DatasetError) in
        guard let object = try object(&cursor, count) else {
          annotation.others += 1
          return
        }
        annotation.objects.append(object)
      }
    }
    self = annotation
  }
}

import Files

extension DatasetLayout {
  /// Recognises the format.
  ///
  /// Folders with the usual names decide first, then the kinds of files wherever they lie.
  ///
  /// - Throws: `DatasetError.unknownFormat`.
  func format() throws(DatasetError) -> DatasetFormat {
    if let file {
      switch FileName(file).kind {
      case "json": return JSONKind(path: file, limits)?.format ?? .coco
      case "xml": return xmlFormat(of: file) ?? .cvat
      case "csv": return FileName.last(of: file) == "classes.csv" ? .classes : .boxTable
      default: return .yolo
      }
    }
    if let annotations {
      let files = try FolderListing.all(annotations, kinds: ["xml", "json"])
      if let format = textFormat(files.map { "\(annotations)/\($0)" }) { return format }
      // A damaged file is told by its format's reader.
      if files.contains(where: { FileName($0).kind == "json" }) { return .coco }
    }
    if pictures != nil, let labels {
      if try !FolderListing.all(labels, kinds: ["txt"]).isEmpty { return .yolo }
    }
    if child("JPEGImages") != nil, child("SegmentationClass", "SegmentationClassAug") != nil { return .voc }
    if pictures != nil, masks != nil { return .masks }
    if let format = textFormat(try all(["xml", "json"]).map { "\(folder)/\($0)" }) { return format }
    if files(["json"]).count == 1, file == nil { return .coco }
    if try !BoxTableFormat.tables(self).isEmpty { return .boxTable }
    if try YOLOFormat.recognises(self) { return .yolo }
    // Folders with the usual names belong to other formats.
    if let classTable, try ColourTable(path: classTable, limits) == nil { return .classes }
    if try MasksFormat.recognises(self) { return .masks }
    if pictures == nil, try classFolders().count > 1 { return .classes }
    if pictures != nil, labels != nil { return .yolo }
    throw unknown()
  }

  /// The format of the first XML or JSON files that belong to one.
  private func textFormat(_ paths: [String]) -> DatasetFormat? {
    for kind in ["xml", "json"] {
      // A data set has few other files of the kind, such as the settings of a program.
      for path in paths.filter({ FileName($0).kind == kind }).prefix(16) {
        let format = kind == "xml" ? xmlFormat(of: path) ?? .voc : JSONKind(path: path, limits)?.format
        if let format { return format }
      }
    }
    return nil
  }

  /// The format of an XML file by its outermost element; `nil` where its beginning has none.
  private func xmlFormat(of path: String) -> DatasetFormat? {
    guard let file = try? MappedFile(path: path, .textBytes, of: limits),
      let head = file.array(at: 0, count: min(file.count, 4096))
    else { return nil }
    // As ASCII with zeros left out, so that UTF-16 is recognised too.
    let text = String(decoding: head.filter { $0 != 0 && $0 < 0x80 }, as: UTF8.self)
    if text.contains("<annotations") { return .cvat }
    return text.contains("<annotation") ? .voc : nil
  }
}

/// The kind of a JSON file, by the first telling one of its outermost keys.
struct JSONKind {
  let format: DatasetFormat

  /// - Returns: `nil` for another or a damaged file.
  init?(path: String, _ limits: Limits) {
    guard let file = try? MappedFile(path: path, .datasetBytes, of: limits) else { return nil }
    var cursor = JSONCursor(file, limits)
    var found: DatasetFormat?
    var isMeta = false
    let end = DatasetError.missing(file: path, expected: "no more")
    try? cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "shapes", "imagePath": found = .labelme
      case "images", "categories", "annotations": found = cursor.kind() == UInt8(ascii: "[") ? .coco : nil
      case "objects": found = .supervisely
      case "classes": isMeta = true
      default: break
      }
      if found != nil || isMeta { throw end }
      try cursor.skip()
    }
    guard let found else { return nil }
    format = found
  }
}

import Files

/// Pictures and masks with the same names, in two folders or side by side.
///
/// The masks' values are class numbers, 255 is the ignore index, and value 0 is the background whatever its name; or
/// their colours are the classes, by a table. Masks with two values and one class beside the background are taken as
/// such, whatever the second value is.
enum MasksFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let (pictures, files) = try find(layout)
    if let refusal = files.refusal { throw refusal }
    guard !pictures.pictures.isEmpty else {
      throw .missing(file: "\(layout.folder)/images", expected: "a folder of pictures")
    }
    guard !files.paths.isEmpty else {
      throw .missing(file: "\(layout.folder)/masks", expected: "a folder of masks")
    }
    let table = try table(layout)
    let names = try layout.namesFiles().masks
    let survey = MaskSurvey(files.used, collector.limits)
    let (numbering, reading) = try reading(layout, survey, table, names, &collector)
    for duplicate in pictures.duplicates { try collector.skip(duplicate) }
    for index in pictures.pictures.indices {
      // A picture without a mask is not an error, since a data set may be labelled in part.
      let mask = files.path(of: index)
      let path = pictures.path(index)
      guard mask != nil || collector.keepsUnlabelled else {
        collector.note(.unlabelled, path)
        continue
      }
      do throws(DatasetError) {
        let (size, source) = try collector.size(of: path, mask: mask.map(reading.source))
        collector.add(
          Sample(
            path: path, name: pictures.pictures[index].name, width: size.width, height: size.height, boxes: nil,
            mask: source))
      } catch {
        try collector.skip(error)
      }
    }
    try files.report(pictures, &collector)
    return numbering.classes
  }

  /// Whether at least half of the pictures have a mask, or masks of a kind that is refused.
  static func recognises(_ layout: DatasetLayout) throws(DatasetError) -> Bool {
    let (pictures, files) = try find(layout)
    if files.used.isEmpty, !files.others.isEmpty, !pictures.pictures.isEmpty, try layout.namesFiles().masks != nil {
      return true
    }
    return !files.used.isEmpty && 2 * files.used.count >= min(pictures.pictures.count, files.paths.count)
  }

  /// The pictures and their masks.
  private static func find(_ layout: DatasetLayout) throws(DatasetError) -> (PictureIndex, MaskFiles) {
    if let folder = layout.pictures, let masks = layout.masks {
      let pictures = try PictureIndex(folder)
      return (pictures, try MaskFiles(masks, for: pictures))
    }
    let paths = try layout.all(FileName.pictureKinds)
    func parts(_ path: String) -> [Substring] { path.split(separator: "/") }
    let stems = Set(paths.map { FileName($0).stem })
    let masks = paths.filter { path in
      if parts(path).dropLast().contains(where: { FolderRole.isMasks(String($0)) }) { return true }
      guard FileName(path).kind == "png" else { return false }
      return MasksFormat.isMask(FileName(path).stem, beside: stems)
    }
    let known = Set(masks)
    let pictures = PictureIndex(layout.folder, paths.filter { !known.contains($0) })
    return (pictures, MaskFiles(layout.folder, masks, for: pictures))
  }

  /// Whether a file beside pictures is the mask of one of them, by a suffix.
  private static func isMask(_ stem: String, beside stems: Set<String>) -> Bool {
    let endings = ["_mask", "-mask", ".mask", "_masks", "_seg", "_segmentation", "_label", "_labels", "_gt", "_L"]
    for ending in endings where stem.hasSuffix(ending) {
      let base = String(stem.dropLast(ending.utf8.count))
      if stems.contains(base) || ["_sat", "_image", "_img", "_rgb"].contains(where: { stems.contains(base + $0) }) {
        return true
      }
    }
    return false
  }

  /// The table of colours of the folder, or of its first part.
  static func table(_ layout: DatasetLayout) throws(DatasetError) -> ColourTable? {
    let folders = [layout.folder] + [layout.child("train"), layout.masks].compactMap(\.self)
    for folder in folders {
      for name in ColourTable.fileNames where !Folder.stamp("\(folder)/\(name)").isEmpty {
        if let table = try ColourTable(path: "\(folder)/\(name)", layout.limits) { return table }
      }
    }
    return nil
  }

  /// The classes, and how masks are read.
  private static func reading(
    _ layout: DatasetLayout, _ survey: MaskSurvey, _ table: ColourTable?, _ names: NamesFile?,
    _ collector: inout Collector
  ) throws(DatasetError) -> (ClassNumbering, MaskReading) {
    if let table {
      let (numbering, classOfValue) = try classes(of: table)
      return (numbering, try MaskReading(survey, classOfValue, numbering, table: table, into: &collector))
    }
    if var names {
      // A list of one class that is not the background is that of two values.
      if names.names.count == 1, let name = names.names[0], !ClassNumbering.isBackground(name),
        survey.secondValue(known: []) != nil
      {
        names = NamesFile(path: names.path, key: names.key, [0: "background", 1: name])
      }
      var numbering = ClassNumbering(background: names.names[0] ?? "background")
      let classOfValue = try classes(of: names, &numbering)
      return (numbering, try MaskReading(survey, classOfValue, numbering, table: nil, into: &collector))
    }
    if survey.isColoured {
      throw .maskColours(file: survey.first, found: survey.listedColours, table: nil, missing: [])
    }
    guard survey.secondValue(known: []) != nil else {
      throw .missing(
        file: "\(layout.folder)/classes.txt",
        expected: "the classes' names (or a YAML file with them; Pascal VOC's masks need none with the format named)")
    }
    var numbering = ClassNumbering()
    _ = try numbering.add("foreground", id: survey.secondValue(known: []) ?? 1, file: layout.folder)
    return (numbering, try MaskReading(survey, [0: 0], numbering, table: nil, into: &collector))
  }

  /// The classes of a table's rows: the background is the row of that name, else the one of black pixels.
  static func classes(of table: ColourTable) throws(DatasetError) -> (ClassNumbering, [Int: Int]) {
    let rows = table.entries.indices
    let background =
      rows.first { ClassNumbering.isBackground(table.entries[$0].name) }
      ?? rows.first { table.entries[$0].colour == 0 && !ClassNumbering.isVoid(table.entries[$0].name) }
    var numbering = ClassNumbering(
      background: background.map { table.entries[$0].name } ?? "background", id: background ?? 255)
    var classOfValue: [Int: Int] = [:]
    for row in rows {
      if row == background {
        classOfValue[row] = 0
      } else if ClassNumbering.isVoid(table.entries[row].name) {
        classOfValue[row] = Int(Dataset.void)
      } else {
        classOfValue[row] = try numbering.add(table.entries[row].name, id: row, file: table.path)
      }
    }
    return (numbering, classOfValue)
  }

  /// The classes of mask values, from the class names of a file.
  static func classes(of names: NamesFile, _ numbering: inout ClassNumbering) throws(DatasetError) -> [Int: Int] {
    var classOfValue = [0: 0]
    for (value, name) in names.names.sorted(by: { $0.key < $1.key }) where value != 0 && value != 255 {
      guard value < 255 else {
        throw .limit(file: names.path, place: .element(name), what: "values of a mask", allowed: 255, found: value)
      }
      classOfValue[value] = try numbering.add(name, id: value, file: names.path)
    }
    return classOfValue
  }
}

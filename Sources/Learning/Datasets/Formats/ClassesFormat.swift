import Files

/// A class for each picture: a folder for each class with its pictures, or a file `classes.csv`.
///
/// The file has a line for each picture, its path inside the folder and its class, after an optional first line
/// `image,class`. Classes are numbered in the order of their names' bytes, so that the numbers do not depend on the
/// pictures' order.
enum ClassesFormat {
  /// The name of class 0, which no picture has, since a class may be called "background".
  private static let nothing = "(none)"

  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    var named: [(path: String, className: String)]
    if let table = layout.classTable {
      named = try rows(of: table, layout.folder, &collector)
    } else {
      named = try files(layout, &collector)
      // Folders `train` and `test` are parts of a data set with the classes' folders in them.
      if named.allSatisfy({
        FolderRole.parts.contains($0.className.lowercased()) && $0.path.split(separator: "/").count > 2
      }) {
        named = named.map { ($0.path, String($0.path.split(separator: "/")[1])) }
      }
    }
    var numbering = ClassNumbering(background: nothing)
    for name in Set(named.map(\.className)).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      _ = try numbering.add(name, id: numbering.classes.count - 1, file: layout.classTable ?? layout.folder)
    }
    for (path, className) in named {
      let picture = "\(layout.folder)/\(path)"
      do throws(DatasetError) {
        let size = try collector.size(of: picture)
        collector.add(
          Sample(
            path: picture, name: FileName(path).stem, width: size.width, height: size.height, boxes: nil, mask: nil,
            classIndex: numbering.index(of: className)))
      } catch {
        try collector.skip(error)
      }
    }
    return numbering.classes
  }

  /// The pictures in the folders of classes.
  private static func files(
    _ layout: DatasetLayout, _ collector: inout Collector
  ) throws(DatasetError) -> [(path: String, className: String)] {
    let listing = try FolderListing(layout.folder, kinds: FileName.pictureKinds)
    for duplicate in listing.duplicates { try collector.skip(duplicate) }
    var named: [(path: String, className: String)] = []
    for name in listing.names {
      guard let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")) else {
        try collector.skip(
          .invalid(
            file: "\(layout.folder)/\(name)", place: .whole, expected: "a picture in the folder of its class",
            found: "one beside the folders"))
        continue
      }
      named.append((name, String(name[..<slash])))
    }
    return named
  }

  /// The lines of the file.
  private static func rows(
    of table: String, _ folder: String, _ collector: inout Collector
  ) throws(DatasetError) -> [(path: String, className: String)] {
    var rows: [(path: String, className: String)] = []
    var lineOfStem: [String: Int] = [:]
    for (index, line) in try TextFile(path: table, collector.limits).lines().enumerated() where !line.text.isEmpty {
      func wrong(_ expected: String) -> DatasetError {
        .invalid(file: table, place: line.place, expected: expected, found: "\"\(line.text.prefix(80))\"")
      }
      guard let fields = CSVLine.fields(line.text), fields.count == 2, !fields[0].isEmpty, !fields[1].isEmpty else {
        try collector.skip(wrong("a picture's path, a comma and its class"))
        continue
      }
      if index == 0, fields == ["image", "class"] { continue }
      let parts = fields[0].split(separator: "/", omittingEmptySubsequences: false)
      guard !parts.contains(""), !parts.contains(".."), FileName.pictureKinds.contains(FileName(fields[0]).kind) else {
        try collector.skip(wrong("the path of a PNG or JPEG inside \(folder)"))
        continue
      }
      if let other = lineOfStem.updateValue(line.number, forKey: FileName(fields[0]).stem) {
        try collector.skip(wrong("each picture once, and this one is in line \(other)"))
        continue
      }
      rows.append((fields[0], fields[1]))
    }
    return rows
  }
}

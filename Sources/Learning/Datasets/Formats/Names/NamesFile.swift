import Files

/// The names of classes, by number: from a text file with one in each line (`classes.txt`, `obj.names`), from a table of
/// numbers and names (`_classes.csv`), or from a YAML file.
///
/// Only the YAML of such files is supported: a top-level key `names` or `classes` with a list (`[a, b]`, or lines `-
/// a`) or a map of numbers (`{0: a}`, or lines `0: a`); comments, and names in quotation marks. The keys of the parts of a
/// data set (`path`, `train`, `val`, `valid`, `test`) are read too, other top-level keys are skipped with all of their
/// contents.
struct NamesFile {
  let path: String
  /// The key of the names: `names` for boxes, or `classes` for masks.
  let key: String
  let names: [Int: String]
  /// The folders, files and lists of pictures that a YAML file names, by its keys.
  let parts: [String: [String]]
  /// Whether lines have key points behind their boxes.
  let hasKeyPoints: Bool

  /// Names by number.
  init(path: String, key: String, _ names: [Int: String]) {
    (self.path, self.key, self.names) = (path, key, names)
    (parts, hasKeyPoints) = ([:], false)
  }

  /// - Returns: `nil` for a YAML or CSV file of other contents.
  /// - Throws: `DatasetError` with the unsupported line.
  init?(path: String, _ limits: Limits) throws(DatasetError) {
    self.path = path
    let file = try TextFile(path: path, limits)
    switch FileName(path).kind {
    case "yaml", "yml":
      var reader = YAMLNames(path: path)
      for line in try file.lines(keepingIndent: true) {
        try reader.take(YAMLNames.withoutComment(line.text), at: line)
      }
      guard let (key, names) = try reader.finish() else { return nil }
      (self.key, self.names) = (key, names)
      parts = reader.parts
      hasKeyPoints = reader.hasKeyPoints
    case "csv":
      var names: [Int: String] = [:]
      for line in try file.lines() where !line.text.isEmpty {
        guard let fields = CSVLine.fields(line.text), fields.count == 2 else { return nil }
        guard let number = Int(fields[0]) ?? Int(fields[1]), number >= 0 else { continue }
        names[number] = Int(fields[0]) == nil ? fields[0] : fields[1]
      }
      guard !names.isEmpty else { return nil }
      (self.names, key, parts, hasKeyPoints) = (names, "classes", [:], false)
    default:
      var names: [Int: String] = [:]
      let lines = try file.lines().map(\.text)
      let last = lines.lastIndex { !$0.isEmpty } ?? -1
      for (number, name) in lines.enumerated() where number <= last { names[number] = name }
      (self.names, key, parts, hasKeyPoints) = (names, "names", [:], false)
    }
    for (number, name) in names.sorted(by: { $0.key < $1.key }) {
      guard (0...65_535).contains(number) else {
        throw .limit(file: path, place: .element(name), what: "class numbers", allowed: 65_535, found: number)
      }
      guard !name.isEmpty else {
        throw .invalid(file: path, place: .element("\(number)"), expected: "a name", found: "none")
      }
    }
  }
}

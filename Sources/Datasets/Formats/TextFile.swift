import Files

/// A small text file, read whole.
struct TextFile {
  /// Bytes of a file of labels, names or annotations: 16 MiB.
  static let limit = 16 << 20

  let path: String
  let text: String

  /// - Throws: `DatasetError` when the file cannot be read, is too large or is not UTF-8.
  init(path: String) throws(DatasetError) {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path, limit: TextFile.limit) } catch { throw .file(error) }
    guard let text = String(validating: file.array(at: 0, count: file.count) ?? [], as: UTF8.self) else {
      throw .invalid(file: path, place: .whole, expected: "text in UTF-8", found: "other bytes")
    }
    self.path = path
    // A byte order mark is no text.
    self.text = text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// The lines with their numbers, counted from 1, without line ends and the space around them.
  var lines: [(number: Int, text: String)] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    return text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().map { number, line in
      var line = line.drop(while: isSpace)
      while let last = line.last, isSpace(last) { line.removeLast() }
      return (number + 1, String(line)!)
    }
  }
}

/// A file's name in its parts.
struct FileName: Hashable {
  /// Without the extension.
  let stem: String
  /// In lower case, without its point; empty where there is none.
  let kind: String

  init(_ name: String) {
    guard let point = name.utf8.lastIndex(of: UInt8(ascii: ".")), point != name.utf8.startIndex,
      !name.utf8[point...].contains(UInt8(ascii: "/"))
    else {
      (stem, kind) = (name, "")
      return
    }
    stem = String(name[..<point])
    kind = String(name[name.utf8.index(after: point)...]).lowercased()
  }

  static let pictureKinds: Set<String> = ["jpg", "jpeg", "png"]
  static let otherKinds: Set<String> = [
    "bmp", "gif", "webp", "tif", "tiff", "txt", "xml", "json", "yaml", "yml", "cache",
  ]
}

/// The files of a folder and of those inside it, by their names without the extension.
struct FolderListing {
  /// Folders inside each other, at most: a link that leads back ends here.
  private static let depth = 8

  let folder: String
  /// Relative names, sorted by their bytes.
  private(set) var names: [String] = []
  /// The relative name of each stem; the first where there are several.
  private(set) var nameOfStem: [String: String] = [:]
  private(set) var duplicates: [DatasetError] = []

  /// Lists the files of some kinds.
  ///
  /// - Throws: `DatasetError.file` when a folder cannot be read.
  init(_ folder: String, kinds: Set<String>) throws(DatasetError) {
    self.folder = folder
    var found: [String] = []
    try FolderListing.walk(folder, prefix: "", kinds, depth: FolderListing.depth, into: &found)
    for name in found.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      let stem = FileName(name).stem
      if let other = nameOfStem[stem] {
        duplicates.append(.duplicate(file: "\(folder)/\(name)", other: "\(folder)/\(other)"))
      } else {
        names.append(name)
        nameOfStem[stem] = name
      }
    }
  }

  /// The full path of the file of that stem.
  func path(ofStem stem: String) -> String? { nameOfStem[stem].map { "\(folder)/\($0)" } }

  private static func walk(
    _ folder: String, prefix: String, _ kinds: Set<String>, depth: Int, into found: inout [String]
  ) throws(DatasetError) {
    let names: [String]
    do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
    for name in names {
      let kind = FileName(name).kind
      if kinds.contains(kind) {
        found.append(prefix + name)
      } else if depth > 0, !FileName.pictureKinds.contains(kind), !FileName.otherKinds.contains(kind),
        Folder.isFolder("\(folder)/\(name)")
      {
        try walk("\(folder)/\(name)", prefix: "\(prefix)\(name)/", kinds, depth: depth - 1, into: &found)
      }
    }
  }
}

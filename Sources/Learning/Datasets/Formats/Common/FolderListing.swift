import Files

/// The files of a folder and its subfolders, by their names without the extension.
struct FolderListing {
  /// The greatest depth of subfolders, which bounds cycles of links.
  private static let depth = 8

  let folder: String
  /// Relative names, sorted by their bytes.
  private(set) var names: [String] = []
  /// The relative name of each stem, the first of several.
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

  /// All files of some kinds, also those with the same stem, sorted by their bytes.
  ///
  /// - Throws: `DatasetError.file` when a folder cannot be read.
  static func all(_ folder: String, kinds: Set<String>) throws(DatasetError) -> [String] {
    var found: [String] = []
    try walk(folder, prefix: "", kinds, depth: depth, into: &found)
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func walk(
    _ folder: String, prefix: String, _ kinds: Set<String>, depth: Int, into found: inout [String]
  ) throws(DatasetError) {
    let names: [String]
    do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
    for name in names {
      let kind = FileName(name).kind
      if kinds.contains(kind) {
        found.append(prefix + name)
        if let excess = Limits.standard.excess(.records, found.count) {
          throw .excess(file: folder, place: .whole, excess)
        }
      } else if depth > 0, name != "__MACOSX", !FileName.pictureKinds.contains(kind),
        !FileName.otherKinds.contains(kind),
        Folder.isFolder("\(folder)/\(name)")
      {
        try walk("\(folder)/\(name)", prefix: "\(prefix)\(name)/", kinds, depth: depth - 1, into: &found)
      }
    }
  }
}

/// The pictures in a folder and its subfolders, found by what annotations call them.
///
/// The path of an annotation's file and the path inside it are hints only: folders are renamed and moved between the
/// labelling and the training. What decides is the file's name, and between files of the same name the folders.
struct PictureIndex {
  struct Picture {
    /// Relative to the folder.
    let path: String
    /// The picture's name inside the data set.
    let name: String
    /// The folder's components without `images` and the like.
    let key: [String]
  }

  let folder: String
  private(set) var pictures: [Picture] = []
  private(set) var duplicates: [DatasetError] = []
  private var ofName: [String: [Int]] = [:]
  private var ofStem: [String: [Int]] = [:]

  /// - Parameter paths: relative to the folder, sorted.
  init(_ folder: String, _ paths: [String]) {
    self.folder = folder
    var known: [String: String] = [:]
    var names: Set<String> = []
    for path in paths {
      let stem = FileName(path).stem
      if let other = known.updateValue(path, forKey: stem) {
        duplicates.append(.duplicate(file: "\(folder)/\(path)", other: "\(folder)/\(other)"))
        known[stem] = other
        continue
      }
      let parts = path.split(separator: "/")
      let kept = parts.dropLast().filter { !FolderRole.pictures.contains($0.lowercased()) }
      let short = (kept.map(String.init) + [FileName(String(parts.last ?? "")).stem]).joined(separator: "/")
      let name = names.contains(short) ? stem : short
      names.insert(name)
      let last = String(parts.last ?? "")
      ofName[last.lowercased(), default: []].append(pictures.count)
      ofStem[FileName(last).stem.lowercased(), default: []].append(pictures.count)
      pictures.append(Picture(path: path, name: name, key: FolderRole.key(parts.dropLast())))
    }
  }

  /// All pictures of the folder.
  init(_ folder: String) throws(DatasetError) {
    self.init(folder, try FolderListing.all(folder, kinds: FileName.pictureKinds))
  }

  func path(_ index: Int) -> String { "\(folder)/\(pictures[index].path)" }

  /// The picture of an annotation.
  ///
  /// - Parameters:
  ///   - named: the picture's name or path by the annotation.
  ///   - stem: the name of the annotation's file without its extension.
  ///   - place: the relative path of the annotation's folder.
  /// - Returns: `nil` where there is none, or where there are several and the folders do not decide.
  func find(named: String?, stem: String?, near place: String) -> Int? {
    let components = named.map { $0.split { $0 == "/" || $0 == "\\" } } ?? []
    var candidates: [Int] = []
    if let stem { candidates = ofStem[FileName.last(of: stem).lowercased()] ?? [] }
    if let last = components.last, candidates.isEmpty || candidates.count > 1 {
      let exact = ofName[last.lowercased()] ?? ofStem[FileName(String(last)).stem.lowercased()] ?? []
      let both = candidates.filter(exact.contains)
      candidates = both.isEmpty && candidates.isEmpty ? exact : both.isEmpty ? candidates : both
    }
    guard candidates.count > 1 else { return candidates.first }
    let near = place.split(separator: "/")
    let (key, namedKey) = (FolderRole.key(near), FolderRole.key(components.dropLast()))
    func score(_ index: Int) -> Int {
      let picture = pictures[index]
      let folder = picture.path.split(separator: "/").dropLast()
      var score = 8 * PictureIndex.common(picture.key, namedKey)
      if picture.key == key { score += 4 }
      score += 2 * PictureIndex.common(picture.key, key)
      if Array(folder) == near { score += 1 }
      return score
    }
    let scored = candidates.map { (score: score($0), index: $0) }.sorted { $0.score > $1.score }
    return scored[0].score > scored[1].score ? scored[0].index : nil
  }

  /// The number of equal components at the end.
  private static func common(_ a: [String], _ b: [String]) -> Int {
    zip(a.reversed(), b.reversed()).prefix { $0 == $1 }.count
  }
}

import Files

/// The pictures of a YOLO data set and the places of their label files.
struct YOLOPictures {
  let index: PictureIndex
  /// The label file of each picture.
  private var labels: [String?] = []
  /// Whether the folder of labels of each picture exists, or another picture of its folder has a label.
  private var isLabelled: [Bool] = []
  /// Whether lists choose the pictures, so that others have labels too.
  private var isListed = false
  /// The names in the folders of labels.
  private var folders: [String: Set<String>] = [:]
  /// The folder of pictures that each folder of labels is for.
  private var pictureFolder: [String: String] = [:]

  /// The pictures that a YAML file's parts list, where some of them exist, else all of the folder.
  init(_ layout: DatasetLayout, _ names: NamesFile, _ collector: inout Collector) throws(DatasetError) {
    let isOwn = FilePath.folder(of: names.path) == layout.folder
    let keys = ["train", "val", "valid", "validation", "test"].filter { names.parts[$0] != nil }
    var paths: [String] = []
    var missing: [String] = []
    var whole: PictureIndex?
    if isOwn, !keys.isEmpty {
      for entry in keys.flatMap({ names.parts[$0] ?? [] }) {
        guard let found = YOLOPictures.resolve(entry, names, layout.folder) else {
          missing.append(entry)
          continue
        }
        guard FileName(found).kind == "txt", !Folder.isFolder(found) else {
          let inside = try FolderListing.all(found, kinds: FileName.pictureKinds)
          paths += inside.map { "\(found)/\($0)" }
          continue
        }
        if whole == nil { whole = try PictureIndex(layout.folder) }
        for line in try TextFile(path: found, layout.limits).lines() where !line.text.isEmpty {
          if let place = whole!.find(named: line.text, stem: nil, near: "") {
            paths.append(whole!.path(place))
          } else {
            try collector.skip(
              .invalid(file: found, place: line.place, expected: "the path of a picture", found: line.text))
          }
        }
      }
    }
    let prefix = "\(layout.folder)/"
    if paths.allSatisfy({ $0.hasPrefix(prefix) }), !paths.isEmpty {
      let inside = Set(paths.map { String($0.dropFirst(prefix.count)) })
      self.init(PictureIndex(layout.folder, inside.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
    } else if paths.allSatisfy({ $0.hasPrefix("/") }), !paths.isEmpty {
      let inside = Set(paths.map { String($0.dropFirst()) })
      self.init(PictureIndex("", inside.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
    } else {
      self.init(try layout.pictureIndex())
      if index.pictures.isEmpty, let first = missing.first {
        throw .missing(file: "\(layout.folder), \(first)", expected: "at least one picture where \(names.path) says")
      }
    }
    isListed = whole != nil
    for entry in missing { collector.note(.missingParts, "\(names.path): \(entry)") }
  }

  init(_ index: PictureIndex) {
    self.index = index
    var hasLabel: Set<String> = []
    for picture in index.pictures.indices {
      let path = index.path(picture)
      let folder = FilePath.folder(of: path)
      let stem = FileName(FileName.last(of: path)).stem
      var label: String?
      let places = YOLOPictures.labelFolders(of: folder)
      for (number, place) in places.enumerated() {
        let names = names(in: place)
        pictureFolder[place] = folder
        if label == nil, names.contains("\(stem).txt") { label = "\(place)/\(stem).txt" }
        if number < places.count - 1, !names.isEmpty { hasLabel.insert(folder) }
      }
      if label != nil { hasLabel.insert(folder) }
      labels.append(label)
    }
    isLabelled = index.pictures.indices.map { hasLabel.contains(FilePath.folder(of: index.path($0))) }
  }

  func label(of picture: Int) -> String? { labels[picture] }

  /// Whether a picture without a label file is background.
  func isBackground(_ picture: Int) -> Bool { isLabelled[picture] }

  /// The label files without a picture, and where it is expected.
  func strays() -> [(text: String, picture: String)] {
    if isListed { return [] }
    let used = Set(labels.compactMap(\.self))
    let other: Set<String> = [
      "classes.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "readme.txt", "notes.txt", "readme.roboflow.txt",
      "readme.dataset.txt", "labels.txt", "class_names.txt",
    ]
    let ofPictures = Set(index.pictures.indices.map { FilePath.folder(of: index.path($0)) })
    var strays: [(String, String)] = []
    for (folder, names) in folders.sorted(by: { $0.key < $1.key }) {
      for name in names.sorted() where FileName(name).kind == "txt" && !other.contains(name.lowercased()) {
        let path = "\(folder)/\(name)"
        guard !used.contains(path) else { continue }
        // Beside pictures there are other texts too.
        if ofPictures.contains(folder), !YOLOPictures.looksLikeLabels(path) { continue }
        strays.append((path, "\(pictureFolder[folder] ?? folder)/\(FileName(name).stem).jpg"))
      }
    }
    return strays
  }

  private static func looksLikeLabels(_ path: String) -> Bool {
    guard let line = try? TextFile(path: path, .standard).lines().first?.text else { return false }
    let fields = line.split(separator: " ")
    return fields.count >= 5 && fields.allSatisfy { Double($0) != nil }
  }

  /// The folders where a picture's label file may be: beside the last `images` of its path, and beside the picture.
  private static func labelFolders(of folder: String) -> [String] {
    var parts = folder.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.lastIndex(where: { FolderRole.pictures.contains($0.lowercased()) }) else { return [folder] }
    var folders: [String] = []
    for name in ["labels", "Labels", "label"] {
      parts[place] = name
      folders.append(parts.joined(separator: "/"))
    }
    return folders + [folder]
  }

  private mutating func names(in folder: String) -> Set<String> {
    if let known = folders[folder] { return known }
    let names = Set((try? Folder.names(in: folder)) ?? [])
    folders[folder] = names
    return names
  }

  /// The existing folder or list that an entry of a YAML file means.
  ///
  /// Such files are written for the folders of another machine or program, so that leading parts of a path may not exist.
  private static func resolve(_ entry: String, _ names: NamesFile, _ folder: String) -> String? {
    let base = names.parts["path"]?.first
    func components(_ path: String) -> [String] {
      path.split { $0 == "/" || $0 == "\\" }.map(String.init).filter { $0 != "." }
    }
    let own = components(entry)
    var candidates: [String] = []
    if entry.hasPrefix("/") { candidates.append("/" + own.joined(separator: "/")) }
    if let base {
      let whole = (components(base) + own).joined(separator: "/")
      candidates.append(base.hasPrefix("/") ? "/" + whole : "\(folder)/\(whole)")
    }
    candidates.append("\(folder)/\(own.joined(separator: "/"))")
    let inside = own.drop { $0 == ".." }
    candidates.append("\(folder)/\(inside.joined(separator: "/"))")
    if entry.hasPrefix("/") {
      for count in 1..<max(own.count, 1) {
        candidates.append("\(folder)/\(own.dropFirst(count).joined(separator: "/"))")
      }
    }
    return candidates.first { candidate in
      !candidate.hasSuffix("/")
        && (Folder.isFolder(candidate) || FileName(candidate).kind == "txt" && !Folder.stamp(candidate).isEmpty)
    }
  }
}

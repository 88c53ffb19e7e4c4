import Files

/// The contents of a data set's folder.
struct DatasetLayout {
  /// The given folder, or the folder of the given file.
  let folder: String
  /// The given file.
  let file: String?
  let limits: Limits
  private let names: [String]

  private static let fileKinds: Set<String> = ["json", "xml", "csv", "yaml", "yml", "names", "data", "txt"]

  init(_ path: String, _ limits: Limits) throws(DatasetError) {
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    if !Folder.isFolder(path), DatasetLayout.fileKinds.contains(FileName(path).kind) {
      file = path
      folder = FilePath.folder(of: path)
    } else {
      file = nil
      folder = path
    }
    self.limits = limits
    do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
  }

  /// The path of the first existing one of these folders.
  func child(_ candidates: String...) -> String? {
    candidates.first { names.contains($0) && Folder.isFolder("\(folder)/\($0)") }.map { "\(folder)/\($0)" }
  }

  var pictures: String? { child("JPEGImages", "images", "Images", "imgs", "img", "img_dir", "image") }
  var annotations: String? { child("Annotations", "annotations", "xmls", "ann") }
  var labels: String? { child("labels", "Labels", "label") }
  var masks: String? {
    child(
      "SegmentationClass", "SegmentationClassAug", "SegmentationClassPNG", "masks", "Masks", "mask", "Mask", "ann_dir",
      "gt", "segmentations")
      ?? [labels, annotations].compactMap(\.self).first { folder in
        let found = (try? FolderListing.all(folder, kinds: ["png", "txt", "xml", "json"])) ?? []
        return found.contains { FileName($0).kind == "png" }
          && !found.contains { ["xml", "json"].contains(FileName($0).kind) }
          && !found.contains { FileName($0).kind == "txt" && FileName.last(of: $0) != "classes.txt" }
      }
  }

  /// The file with a class for each picture.
  var classTable: String? { names.contains("classes.csv") ? "\(folder)/classes.csv" : nil }

  /// A file of the folder by its name.
  func child(file name: String) -> String? { names.contains(name) ? "\(folder)/\(name)" : nil }

  /// Files of some kinds in the folder itself.
  func files(_ kinds: Set<String>) -> [String] {
    names.filter { kinds.contains(FileName($0).kind) }.map { "\(folder)/\($0)" }
  }

  /// Files of some kinds in the folder and its subfolders, as relative paths.
  func all(_ kinds: Set<String>) throws(DatasetError) -> [String] { try FolderListing.all(folder, kinds: kinds) }

  /// The pictures: those in the folder of pictures, where there is one, else all but those in folders of masks.
  func pictureIndex() throws(DatasetError) -> PictureIndex {
    if let pictures { return try PictureIndex(pictures) }
    let paths = try all(FileName.pictureKinds)
    let outside = paths.filter { path in
      !path.split(separator: "/").dropLast().contains { FolderRole.isMasks(String($0)) }
    }
    return PictureIndex(folder, outside.isEmpty ? paths : outside)
  }

  /// The folders with pictures in them, by name.
  func classFolders() throws(DatasetError) -> [String] {
    var found: [String] = []
    for name in names where Folder.isFolder("\(folder)/\(name)") {
      if try !FolderListing.all("\(folder)/\(name)", kinds: FileName.pictureKinds).isEmpty { found.append(name) }
    }
    return found
  }

  /// The error of a folder that is none of the known formats.
  func unknown() -> DatasetError {
    let shown = names.prefix(8).joined(separator: ", ")
    return .unknownFormat(
      folder: folder, found: names.isEmpty ? "nothing in it" : shown + (names.count > 8 ? ", …" : ""))
  }

  // MARK: Names of classes

  /// The class names for boxes and for masks, each from the file that has them.
  ///
  /// A YAML file with `names` is for boxes and one with `classes` for masks. A single file is for both.
  func namesFiles() throws(DatasetError) -> (boxes: NamesFile?, masks: NamesFile?) {
    var boxes: NamesFile?
    var masks: NamesFile?
    let given = file.flatMap { ["yaml", "yml"].contains(FileName($0).kind) ? $0 : nil }
    for path in given.map({ [$0] }) ?? files(["yaml", "yml"]) {
      guard let file = try NamesFile(path: path, limits) else { continue }
      if file.key == "classes" {
        if let masks { throw .severalFiles([masks.path, path], expected: "one with the masks' classes") }
        masks = file
      } else {
        if let boxes { throw .severalFiles([boxes.path, path], expected: "one with the key names") }
        boxes = file
      }
    }
    if boxes != nil, masks != nil { return (boxes, masks) }
    var other: NamesFile?
    if let path = try namesPath() { other = try NamesFile(path: path, limits) }
    return (boxes ?? other ?? masks, masks ?? other ?? boxes)
  }

  /// The text file with the classes' names.
  private func namesPath() throws(DatasetError) -> String? {
    if let file, ["names", "txt"].contains(FileName(file).kind),
      FileName.last(of: file).contains("name") || FileName.last(of: file).contains("class")
    {
      return file
    }
    if let path = child(file: "classes.txt") ?? child(file: "class_names.txt") { return path }
    for folder in [folder] + [child("data"), child("cfg")].compactMap(\.self) {
      let files = ((try? Folder.names(in: folder)) ?? []).filter { FileName($0).kind == "names" }
      if files.count > 1 {
        throw .severalFiles(files.map { "\(folder)/\($0)" }, expected: "one with the classes' names")
      }
      if let name = files.first { return "\(folder)/\(name)" }
    }
    let places = [labels, pictures, child("obj_train_data"), child("train"), child("valid")].compactMap(\.self)
    // The places where labelling programs write it.
    for place in places + places.flatMap({ ["\($0)/labels", "\($0)/images", "\($0)/train"] }) {
      for name in ["classes.txt", "_classes.csv"] where !Folder.stamp("\(place)/\(name)").isEmpty {
        return "\(place)/\(name)"
      }
    }
    return nil
  }

  /// The layouts of the folders above, the nearest first.
  func above() -> [DatasetLayout] {
    var layouts: [DatasetLayout] = []
    var path = folder
    for _ in 0..<2 {
      let last = FileName.last(of: path)
      path = path.contains("/") && last != ".." && last != "." ? FilePath.folder(of: path) : "\(path)/.."
      if let layout = try? DatasetLayout(path, limits) { layouts.append(layout) }
    }
    return layouts
  }
}

import Files

/// The contents of a data set's folder.
struct DatasetLayout {
  /// The given folder, or the folder of the given file.
  let folder: String
  /// The given COCO file.
  let file: String?
  private let names: [String]

  init(_ path: String) throws(DatasetError) {
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    if !Folder.isFolder(path), FileName(path).kind == "json" {
      file = path
      let slash = path.lastIndex(of: "/")
      folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    } else {
      file = nil
      folder = path
    }
    do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
  }

  /// The path of the first existing one of these folders.
  func child(_ candidates: String...) -> String? {
    candidates.first { names.contains($0) && Folder.isFolder("\(folder)/\($0)") }.map { "\(folder)/\($0)" }
  }

  var pictures: String? { child("JPEGImages", "images", "Images") }
  var annotations: String? { child("Annotations", "annotations") }
  var masks: String? { child("SegmentationClass", "SegmentationClassAug", "masks", "Masks") }
  var labels: String? { child("labels", "Labels") }

  /// The file with a class for each picture.
  var classTable: String? { names.contains("classes.csv") ? "\(folder)/classes.csv" : nil }

  /// The folders with pictures in them, by name.
  func classFolders() throws(DatasetError) -> [String] {
    var found: [String] = []
    for name in names where Folder.isFolder("\(folder)/\(name)") {
      if try !FolderListing("\(folder)/\(name)", kinds: FileName.pictureKinds).names.isEmpty { found.append(name) }
    }
    return found
  }

  /// Files of a kind in a folder, without its subfolders.
  static func files(_ kind: String, in folder: String) throws(DatasetError) -> [String] {
    let names: [String]
    do throws(FileError) { names = try Folder.names(in: folder) } catch { throw .file(error) }
    return names.filter { FileName($0).kind == kind }.map { "\(folder)/\($0)" }
  }

  /// Recognises the format.
  func format() throws(DatasetError) -> DatasetFormat {
    if file != nil { return .coco }
    if let annotations {
      if try !DatasetLayout.files("xml", in: annotations).isEmpty { return .voc }
      if try !DatasetLayout.files("json", in: annotations).isEmpty { return .coco }
    }
    if pictures != nil, labels != nil { return .yolo }
    if child("JPEGImages") != nil, child("SegmentationClass", "SegmentationClassAug") != nil { return .voc }
    if pictures != nil, masks != nil { return .masks }
    if try DatasetLayout.files("json", in: folder).count == 1 { return .coco }
    // Folders with the usual names belong to other formats.
    if classTable != nil { return .classes }
    if pictures == nil, try classFolders().count > 1 { return .classes }
    let shown = names.prefix(8).joined(separator: ", ")
    throw .unknownFormat(
      folder: folder, found: names.isEmpty ? "nothing in it" : shown + (names.count > 8 ? ", …" : ""))
  }

  /// The class names for boxes and for masks, each from the file that has them.
  ///
  /// A YAML file with `names` is for boxes and one with `classes` for masks. A single file is for both.
  func namesFiles(_ limits: Limits) throws(DatasetError) -> (boxes: NamesFile?, masks: NamesFile?) {
    var boxes: NamesFile?
    var masks: NamesFile?
    for name in names where ["yaml", "yml"].contains(FileName(name).kind) {
      let path = "\(folder)/\(name)"
      guard let file = try NamesFile(path: path, limits) else { continue }
      if file.key == "classes" {
        if let masks { throw .duplicate(file: path, other: masks.path) }
        masks = file
      } else {
        if let boxes { throw .duplicate(file: path, other: boxes.path) }
        boxes = file
      }
    }
    if names.contains("classes.txt"), let file = try NamesFile(path: "\(folder)/classes.txt", limits) {
      boxes = boxes ?? file
      masks = masks ?? file
    } else if let labels, let inside = try? NamesFile(path: "\(labels)/classes.txt", limits) {
      // The place where labelling programs write it.
      boxes = boxes ?? inside
    }
    return (boxes ?? masks, masks ?? boxes)
  }
}

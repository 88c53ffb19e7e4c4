/// A file's name, divided into stem and extension.
struct FileName: Hashable {
  /// Without the extension.
  let stem: String
  /// The extension in lower case, without its point; empty where there is none.
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

  /// The last component of a path, with `/` or Windows' `\` between components.
  static func last(of path: String) -> String {
    path.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? path
  }

  static let pictureKinds: Set<String> = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp"]
  static let otherKinds: Set<String> = [
    "gif", "tif", "tiff", "txt", "xml", "json", "yaml", "yml", "cache", "csv", "md", "names", "data", "zip", "npy",
  ]
}

/// The names of folders by their contents, in lower case.
enum FolderRole {
  static let pictures: Set<String> = ["images", "image", "imgs", "img", "jpegimages", "img_dir", "pictures"]
  static let boxes: Set<String> = [
    "labels", "label", "annotations", "annotation", "xmls", "xml", "json", "jsons", "ann",
  ]
  static let masks: Set<String> = [
    "masks", "mask", "segmentationclass", "segmentationclassaug", "segmentationclasspng", "segmentationclassraw",
    "segmentationobject", "segmentationobjectpng", "gt", "groundtruth", "ground_truth", "ann_dir", "trimaps",
    "segmentations", "labels", "label", "annotations", "annotation",
  ]
  /// Endings of the names of folders of masks beside folders of pictures: `train` and `train_labels`.
  static let maskEndings = ["_labels", "_label", "_masks", "_mask", "_annot", "annot", "_gt"]
  /// The parts of a data set.
  static let parts: Set<String> = ["train", "training", "val", "valid", "validation", "test", "testing"]

  static func isMasks(_ name: String) -> Bool {
    let name = name.lowercased()
    return masks.contains(name) || maskEndings.contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
  }

  /// The components of a folder's path without those that say what kind of file is in it.
  static func key(_ components: some Sequence<Substring>) -> [String] {
    components.compactMap { component in
      let name = component.lowercased()
      if name == "." || pictures.contains(name) || boxes.contains(name) || masks.contains(name) { return nil }
      let ending = maskEndings.first { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
      return ending.map { String(name.dropLast($0.count)) } ?? name
    }
  }
}

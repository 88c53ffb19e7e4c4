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

  static let pictureKinds: Set<String> = ["jpg", "jpeg", "png"]
  static let otherKinds: Set<String> = [
    "bmp", "gif", "webp", "tif", "tiff", "txt", "xml", "json", "yaml", "yml", "cache",
  ]
}

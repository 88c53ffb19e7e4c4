import Files

/// The search for pictures in folders.
struct PictureFolders {
  /// Extensions of pictures.
  ///
  /// Those of formats that are not read are among them, so that such files are not left out without a word.
  static let extensions: Set = [
    "apng", "avif", "bmp", "dib", "gif", "heic", "heif", "jfif", "jp2", "jpe", "jpeg", "jpg", "jxl", "png", "tif",
    "tiff", "webp",
  ]

  let isRecursive: Bool
  /// Folders of outputs, which are left out below a given folder.
  let excluded: Set<FilePlace>

  /// Adds the pictures in a folder in natural order; hidden files and others than pictures are skipped.
  func add(_ folder: String, to inputs: inout PictureInputs) {
    let prefix = folder.utf8.last == UInt8(ascii: "/") ? folder : folder + "/"
    let before = inputs.count
    var found = Found()
    walk(prefix, root: Int32(clamping: prefix.utf8.count), inside: [FilePlace(folder)], &found, to: &inputs)
    guard inputs.count == before else { return }
    let reason =
      found.folders > 0 && !isRecursive
      ? "has no picture itself, only folders; add --recursive for the pictures in these"
      : "has no picture among its \(found.others) files; expected names that end in .png, .jpg, .webp or .bmp"
    inputs.add(folder, fault: "\(folder): \(reason)")
  }

  private struct Found {
    var others = 0
    var folders = 0
  }

  private func walk(
    _ prefix: String, root: Int32, inside ancestors: [FilePlace], _ found: inout Found, to inputs: inout PictureInputs
  ) {
    var names: [String]
    do throws(FileError) { names = try Folder.names(in: prefix) } catch {
      inputs.add(prefix, fault: told(error))
      return
    }
    names.sort(by: NaturalOrder.isBefore)
    for name in names {
      let path = prefix + name
      switch FilePlace.kind(of: path) {
      case .folder:
        found.folders += 1
        let place = FilePlace(path)
        // A link to a folder that contains it would never end.
        guard isRecursive, !ancestors.contains(place), !excluded.contains(place) else { continue }
        walk(path + "/", root: root, inside: ancestors + [place], &found, to: &inputs)
      case .regular, .absent:
        if PictureFolders.extensions.contains(FilePlace.fileExtension(of: name)) {
          inputs.add(path, below: root)
        } else {
          found.others += 1
        }
      case .other: found.others += 1
      }
    }
  }
}

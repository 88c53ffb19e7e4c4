import Files

/// The mask files of a data set's pictures, whatever its format.
///
/// A mask has its picture's name, or that name and a suffix (`street.jpg` and `street_mask.png`).
struct MaskFiles {
  let folder: String
  /// Relative paths.
  let paths: [String]
  /// The files that no PNG reader can take as masks, such as JPEG.
  private(set) var others: [String] = []
  private var ofPicture: [Int: String] = [:]
  private var duplicates: [DatasetError] = []
  private var strays: [String] = []

  /// Masks in a folder for the pictures of another.
  init(_ folder: String, for pictures: PictureIndex) throws(DatasetError) {
    let files = try FolderListing.all(folder, kinds: FileName.pictureKinds)
    self.init(folder, files, for: pictures)
  }

  /// - Parameter files: relative paths of masks.
  init(_ folder: String, _ files: [String], for pictures: PictureIndex) {
    self.folder = folder
    paths = files.filter { FileName($0).kind == "png" }
    others = files.filter { FileName($0).kind != "png" }
    var places: [String: Int] = [:]
    var ofStem: [String: [Int]] = [:]
    for (index, picture) in pictures.pictures.enumerated() {
      let stem = FileName(FileName.last(of: picture.path)).stem
      for name in MaskFiles.bases(ofPicture: stem) {
        let key = (picture.key + [name]).joined(separator: "/")
        if places[key] == nil { places[key] = index }
        ofStem[name, default: []].append(index)
      }
    }
    for path in paths {
      let parts = path.split(separator: "/")
      let folderKey = FolderRole.key(parts.dropLast())
      let stem = FileName(String(parts.last ?? "")).stem
      var found: Int?
      for base in MaskFiles.bases(ofMask: stem) where found == nil {
        found = places[(folderKey + [base]).joined(separator: "/")]
        if found == nil, let all = ofStem[base], all.count == 1 { found = all[0] }
      }
      guard let found else {
        strays.append(path)
        continue
      }
      if let other = ofPicture[found] {
        duplicates.append(.duplicate(file: "\(folder)/\(path)", other: "\(folder)/\(other)"))
      } else {
        ofPicture[found] = path
      }
    }
  }

  /// The names under which a picture's mask is looked for.
  private static func bases(ofPicture stem: String) -> [String] {
    let ending = ["_leftImg8bit", "_sat", "_image", "_img", "_rgb"].first { stem.hasSuffix($0) }
    return [stem] + (ending.map { [String(stem.dropLast($0.count))] } ?? [])
  }

  /// A mask's name, then without one part behind a hyphen, an underscore or a point after another.
  private static func bases(ofMask stem: String) -> [String] {
    var bases = [stem]
    var rest = stem[...]
    while bases.count < 6, let mark = rest.lastIndex(where: { "_-. ".contains($0) }), mark > rest.startIndex {
      rest = rest[..<mark]
      bases.append(String(rest))
    }
    if stem.hasPrefix("mask_") { bases.append(String(stem.dropFirst(5))) }
    return bases
  }

  /// The full paths of masks with a picture.
  var used: [String] { ofPicture.sorted { $0.key < $1.key }.map { "\(folder)/\($0.value)" } }

  /// The mask of a picture.
  func path(of picture: Int) -> String? { ofPicture[picture].map { "\(folder)/\($0)" } }

  /// Reports masks without a picture, a sign of a missing or misnamed file, and those that are no PNG.
  func report(_ pictures: PictureIndex, _ collector: inout Collector) throws(DatasetError) {
    for path in strays {
      try collector.skip(
        .missing(
          file: "\(pictures.folder)/\(FileName(path).stem).jpg", expected: "the picture of \(folder)/\(path)"))
    }
    for duplicate in duplicates { try collector.skip(duplicate) }
    for path in others where paths.isEmpty == false {
      try collector.skip(MaskFiles.lossy("\(folder)/\(path)", count: 1))
    }
  }

  /// The error of masks that are all of another kind than PNG; `nil` where there is a PNG or nothing.
  var refusal: DatasetError? {
    guard paths.isEmpty, let first = others.first else { return nil }
    return MaskFiles.lossy("\(folder)/\(first)", count: others.count)
  }

  private static func lossy(_ path: String, count: Int) -> DatasetError {
    let kind = FileName(path).kind
    let name =
      ["jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "jfif": "JPEG", "webp": "WebP", "bmp": "BMP"][kind] ?? kind
    let reason = name == "JPEG" ? ", whose lossy compression changes pixel values, so that they are no classes" : ""
    return .invalid(
      file: path, place: .whole, expected: "masks as PNG, made from the originals before any compression",
      found: "\(name)\(reason)\(count > 1 ? " (as \(count - 1) more)" : "")")
  }
}

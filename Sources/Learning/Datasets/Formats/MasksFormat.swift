import Files

/// A folder of pictures and one of masks with the same names.
///
/// The masks' values are class numbers, 255 is the ignore index, and value 0 is the background whatever its name.
enum MasksFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    guard let pictures = layout.pictures else {
      throw .missing(file: "\(layout.folder)/images", expected: "a folder of pictures")
    }
    guard let masks = layout.masks else {
      throw .missing(file: "\(layout.folder)/masks", expected: "a folder of masks")
    }
    guard let names = try layout.namesFiles(collector.limits).masks else {
      throw .missing(
        file: "\(layout.folder)/classes.txt",
        expected: "the classes' names (or a YAML file with them; Pascal VOC's masks need none with the format named)")
    }
    var numbering = ClassNumbering(background: names.names[0] ?? "background")
    let meaning = try meaning(of: names, &numbering)
    let files = try MaskFiles(masks, meaning)
    let images = try FolderListing(pictures, kinds: FileName.pictureKinds)
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    for name in images.names {
      // A picture without a mask is not an error, since a data set may be labelled in part.
      let mask = files.path(of: FileName(name).stem)
      guard mask != nil || collector.keepsUnlabelled else { continue }
      let limited = collector
      try collector.add { () throws(DatasetError) in
        let path = "\(pictures)/\(name)"
        let size = try limited.size(of: path, mask: mask)
        return Sample(
          path: path, name: FileName(name).stem, width: size.width, height: size.height, boxes: nil,
          mask: mask.map { files.source($0) })
      }
    }
    try files.reportWithoutPicture(images, &collector)
    return numbering.classes
  }

  /// The meaning of mask values, from the class names of a file.
  static func meaning(of names: NamesFile, _ numbering: inout ClassNumbering) throws(DatasetError) -> MaskMeaning {
    var classOfValue = [0: 0]
    for (value, name) in names.names.sorted(by: { $0.key < $1.key }) where value != 0 && value != 255 {
      guard value < 255 else {
        throw .limit(file: names.path, place: .element(name), what: "values of a mask", allowed: 255, found: value)
      }
      classOfValue[value] = try numbering.add(name, id: value, file: names.path)
    }
    return MaskMeaning(classOfValue)
  }
}

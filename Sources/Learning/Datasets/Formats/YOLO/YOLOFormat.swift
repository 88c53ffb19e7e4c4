import Files
import ImageTypes

/// YOLO's text files: for each picture a file with a line for each box, `class x y width height`, the centre and the
/// size relative to the picture.
///
/// A picture without a file is not annotated and is left out unless it has a mask. An empty file is an annotation
/// without boxes.
enum YOLOFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    guard let pictures = layout.pictures else {
      throw .missing(file: "\(layout.folder)/images", expected: "a folder of pictures")
    }
    guard let labels = layout.labels else {
      throw .missing(file: "\(layout.folder)/labels", expected: "a folder of text files with boxes")
    }
    let files = try layout.namesFiles(collector.limits)
    guard let names = files.boxes else {
      throw .missing(file: "\(layout.folder)/classes.txt", expected: "the classes' names, or a YAML file with them")
    }
    var numbering = ClassNumbering(background: layout.masks == nil ? "background" : background(files.masks))
    var classOfNumber: [Int: Int] = [:]
    for (number, name) in names.names.sorted(by: { $0.key < $1.key }) {
      classOfNumber[number] = try numbering.add(name, id: number, file: names.path)
    }
    var masks: MaskFiles?
    if let folder = layout.masks {
      // The numbers of boxes begin with a class, those of masks with the background, so one list can't serve both.
      if let names = files.masks, names.key == "classes" {
        masks = try MaskFiles(folder, MasksFormat.meaning(of: names, &numbering))
      } else {
        try collector.skip(
          .missing(
            file: "\(layout.folder)/masks.yaml", expected: "the meaning of the masks' values under the key classes"))
      }
    }
    let images = try FolderListing(pictures, kinds: FileName.pictureKinds)
    let texts = try FolderListing(labels, kinds: ["txt"])
    for duplicate in images.duplicates { try collector.skip(duplicate) }
    for name in images.names {
      let stem = FileName(name).stem
      let mask = masks?.path(of: stem)
      let text = texts.path(ofStem: stem)
      guard text != nil || mask != nil else { continue }
      let limited = collector
      try collector.add { () throws(DatasetError) in
        let path = "\(pictures)/\(name)"
        let size = try limited.size(of: path, mask: mask)
        var boxes: [TruthBox]?
        if let text { boxes = try YOLOFormat.boxes(try TextFile(path: text, limited.limits), size, classOfNumber) }
        return Sample(
          path: path, name: stem, width: size.width, height: size.height, boxes: boxes,
          mask: mask.map { masks!.source($0) })
      }
    }
    for name in texts.names where name != "classes.txt" && images.path(ofStem: FileName(name).stem) == nil {
      try collector.skip(
        .missing(file: "\(pictures)/\(FileName(name).stem).jpg", expected: "the picture of \(labels)/\(name)"))
    }
    try masks?.reportWithoutPicture(images, &collector)
    return numbering.classes
  }

  /// The name of value 0 in masks, unless a class of boxes has the same name.
  private static func background(_ names: NamesFile?) -> String {
    guard let names, names.key == "classes", let name = names.names[0] else { return "background" }
    return name
  }

  static func boxes(
    _ file: TextFile, _ size: (width: Int, height: Int), _ classOfNumber: [Int: Int]
  ) throws(DatasetError) -> [TruthBox] {
    var boxes: [TruthBox] = []
    for entry in try file.lines() where !entry.text.isEmpty {
      let line = entry.text
      func wrong(_ expected: String) -> DatasetError {
        .invalid(file: file.path, place: entry.place, expected: expected, found: "\"\(line.prefix(80))\"")
      }
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard fields.count == 5 else { throw wrong("five fields: class x y width height") }
      guard let classNumber = Int(fields[0]), let index = classOfNumber[classNumber] else {
        throw wrong("the number of a class in the names file")
      }
      var values: [Double] = []
      for field in fields.dropFirst() {
        guard let value = Double(field), value.isFinite, abs(value) <= 16 else {
          throw wrong("finite shares of the picture's size")
        }
        values.append(value)
      }
      let (width, height) = (Double(size.width), Double(size.height))
      let box = Box(
        x1: Float((values[0] - values[2] / 2) * width), y1: Float((values[1] - values[3] / 2) * height),
        x2: Float((values[0] + values[2] / 2) * width), y2: Float((values[1] + values[3] / 2) * height))
      guard values[2] > 0, values[3] > 0, let clipped = box.clipped(width: size.width, height: size.height) else {
        throw wrong("a box of positive size inside the picture")
      }
      boxes.append(TruthBox(box: clipped, classIndex: index))
    }
    return boxes
  }
}

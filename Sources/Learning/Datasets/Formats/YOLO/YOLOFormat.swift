import Files
import ImageTypes

/// YOLO's text files, one for each picture, in all the layouts of folders that programs write.
///
/// A label file lies in the folder `labels` that corresponds to the picture's folder `images`, or beside the picture. A
/// picture without one is background where other pictures of its folder have one (Ultralytics' rule), and is left out
/// where none has. An empty file is an annotation without boxes.
enum YOLOFormat {
  static func read(_ layout: DatasetLayout, into collector: inout Collector) throws(DatasetError) -> [DatasetClass] {
    let files = try names(layout)
    guard let names = files.boxes else {
      throw .missing(
        file: "\(layout.folder)/classes.txt",
        expected: "the classes' names, or data.yaml or obj.names with them, in the folder or the one above")
    }
    let pictures = try YOLOPictures(layout, names, &collector)
    guard pictures.index.pictures.count > 0 else {
      throw .missing(file: "\(layout.folder)/images", expected: "at least one picture")
    }
    let hasMasks = layout.masks != nil && layout.masks != layout.labels
    var numbering = ClassNumbering(background: hasMasks ? background(files.masks) : "background")
    for (number, name) in names.names.sorted(by: { $0.key < $1.key }) {
      _ = try numbering.add(name, id: number, file: names.path)
    }
    var masks: (files: MaskFiles, reading: MaskReading)?
    if hasMasks, let folder = layout.masks {
      // The numbers of boxes begin with a class, those of masks with the background, so one list can't serve both.
      if let names = files.masks, names.key == "classes" {
        let files = try MaskFiles(folder, for: pictures.index)
        masks = (
          files,
          try MaskReading(
            MaskSurvey(files.used, layout.limits), MasksFormat.classes(of: names, &numbering), numbering, table: nil,
            into: &collector)
        )
      } else {
        try collector.skip(
          .missing(
            file: "\(layout.folder)/masks.yaml", expected: "the meaning of the masks' values under the key classes"))
      }
    }
    for duplicate in pictures.index.duplicates { try collector.skip(duplicate) }
    var annotated: [AnnotatedPicture] = []
    var maskOf: [Int: String] = [:]
    for index in pictures.index.pictures.indices {
      let path = pictures.index.path(index)
      let label = pictures.label(of: index)
      let mask = masks?.files.path(of: index)
      if label == nil, !pictures.isBackground(index), mask == nil {
        collector.note(.unlabelled, path)
        continue
      }
      var objects: [AnnotatedObject]?
      var isComplete = true
      if let label {
        do throws(DatasetError) {
          let labels = try YOLOLabels(
            TextFile(path: label, layout.limits), names.names, hasKeyPoints: names.hasKeyPoints)
          // A file without one line that can be read is none of background.
          if labels.objects.isEmpty, let error = labels.errors.first { throw error }
          for error in labels.errors { try collector.drop(error) }
          collector.note(.scores, label, count: labels.scores)
          objects = labels.objects
          isComplete = labels.errors.isEmpty
        } catch {
          try collector.skip(error)
          continue
        }
      } else if pictures.isBackground(index) {
        collector.note(.background, path)
        objects = []
      }
      if let mask { maskOf[annotated.count] = mask }
      annotated.append(
        AnnotatedPicture(
          path: path, name: pictures.index.pictures[index].name, file: label ?? path, objects: objects,
          isComplete: isComplete))
    }
    let maker = SampleMaker(
      numbering: numbering, isRelative: true, hasOutlines: SampleMaker.hasOutlines(annotated))
    for (index, picture) in annotated.enumerated() {
      try maker.add(picture, mask: maskOf[index].map { masks!.reading.source($0) }, into: &collector)
    }
    for (text, expected) in pictures.strays() {
      try collector.skip(.missing(file: expected, expected: "the picture of \(text)"))
    }
    try masks?.files.report(pictures.index, &collector)
    return numbering.classes
  }

  /// Whether pictures of the folder have label files, and the classes have names.
  static func recognises(_ layout: DatasetLayout) throws(DatasetError) -> Bool {
    let index = try layout.pictureIndex()
    let pictures = YOLOPictures(index)
    if index.pictures.indices.prefix(1000).contains(where: { pictures.label(of: $0) != nil }) { return true }
    // The pictures may lie elsewhere, and a set of which no picture has labels is told so.
    for path in layout.files(["yaml", "yml"]) {
      if let names = try NamesFile(path: path, layout.limits), names.key == "names", !names.parts.isEmpty {
        return true
      }
    }
    return false
  }

  private static func names(_ layout: DatasetLayout) throws(DatasetError) -> (boxes: NamesFile?, masks: NamesFile?) {
    var files = try layout.namesFiles()
    if layout.file != nil, files.boxes != nil { return files }
    for above in layout.above() where files.boxes == nil { files.boxes = try above.namesFiles().boxes }
    return files
  }

  /// The name of value 0 in masks, unless a class of boxes has the same name.
  private static func background(_ names: NamesFile?) -> String {
    guard let names, names.key == "classes", let name = names.names[0] else { return "background" }
    return name
  }
}

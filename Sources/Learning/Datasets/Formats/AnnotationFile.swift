import Files
import ImageTypes

/// One annotation file by itself, without its data set, for tests of hostile files.
package enum AnnotationFile: String, CaseIterable, Sendable {
  case coco, voc, yolo

  /// Reads the bytes of a file about a picture of that size; a YOLO file has the classes 0 and 1.
  ///
  /// - Returns: its boxes, and, for COCO, masks painted from its outlines.
  /// - Throws: `DatasetError` with the place of the error.
  package func read(
    _ bytes: [UInt8], path: String, width: Int, height: Int, _ limits: Limits = .standard
  ) throws(DatasetError) -> [TruthBox] {
    switch self {
    case .coco: return try AnnotationFile.coco(bytes, path, limits)
    case .voc:
      let annotation = try VOCAnnotation(TextFile(path: path, bytes, limits), limits)
      var numbering = ClassNumbering()
      for name in Set(annotation.objects.map(\.name)).sorted() where numbering.index(of: name) == nil {
        _ = try numbering.add(name, id: numbering.classes.count, file: path)
      }
      return try annotation.boxes(width: width, height: height, numbering)
    case .yolo: return try YOLOFormat.boxes(TextFile(path: path, bytes, limits), (width, height), [0: 1, 1: 2])
    }
  }

  private static func coco(_ bytes: [UInt8], _ path: String, _ limits: Limits) throws(DatasetError) -> [TruthBox] {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path, copying: bytes) } catch { throw .file(error) }
    var records = COCORecords()
    try records.read(JSONCursor(file, limits))
    var numbering = ClassNumbering()
    var classOfCategory: [Int: Int] = [:]
    for (id, name) in records.categories.sorted(by: { $0.key < $1.key }) {
      classOfCategory[id] = try numbering.add(name, id: id, file: path)
    }
    var boxes: [TruthBox] = []
    let annotations = Dictionary(grouping: records.annotations, by: \.image)
    for image in records.images {
      var outlines: [COCOOutlines.Outline] = []
      for annotation in annotations[image.id] ?? [] {
        let box = try annotation.box(of: image, classOfCategory, path)
        boxes.append(box)
        guard let position = annotation.outline else { continue }
        outlines.append(
          COCOOutlines.Outline(
            position: position, classIndex: UInt8(box.classIndex), isCrowd: annotation.isCrowd,
            area: annotation.boxArea))
      }
      _ = try COCOOutlines(file, outlines, limits).paint(width: image.width, height: image.height)
    }
    return boxes
  }
}

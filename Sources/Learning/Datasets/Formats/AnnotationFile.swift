import Files
import ImageTypes

/// One annotation file by itself, without its data set, for tests of hostile files.
package enum AnnotationFile: String, CaseIterable, Sendable {
  case coco, cvat, labelme, supervisely, voc, yolo

  /// Reads the bytes of a file about a picture of that size; a YOLO file has the classes 0 and 1.
  ///
  /// - Returns: its boxes; masks are painted from its outlines.
  /// - Throws: `DatasetError` with the place of the error, also where a data set would leave out a single box.
  package func read(
    _ bytes: [UInt8], path: String, width: Int, height: Int, _ limits: Limits = .standard
  ) throws(DatasetError) -> [TruthBox] {
    let size = PictureSize(width: width, height: height)
    switch self {
    case .coco: return try AnnotationFile.coco(bytes, path, limits)
    case .cvat:
      let file = try CVATAnnotations(TextFile(xml: path, bytes, limits), limits)
      return try boxes(file.images.flatMap(\.objects), file.errors, path, size)
    case .labelme, .supervisely:
      let file: MappedFile
      do throws(FileError) { file = try MappedFile(path: path, copying: bytes) } catch { throw .file(error) }
      let cursor = JSONCursor(file, limits)
      let annotation = try self == .labelme ? LabelMeFormat.annotation(cursor) : SuperviselyFormat.annotation(cursor)
      guard let annotation else {
        throw .invalid(file: path, place: .byte(0), expected: "a list of shapes or objects", found: "none")
      }
      return try boxes(annotation.objects, annotation.errors, path, size)
    case .voc:
      let annotation = try VOCAnnotation(TextFile(xml: path, bytes, limits), limits)
      if let declared = annotation.size, declared != size {
        throw .size(file: path, expected: "\(size)", found: "\(declared)")
      }
      return try boxes(annotation.objects, annotation.errors, path, size)
    case .yolo:
      let labels = try YOLOLabels(TextFile(path: path, bytes, limits), [0: "a", 1: "b"], hasKeyPoints: false)
      return try boxes(labels.objects, labels.errors, path, size, isRelative: true)
    }
  }

  private func boxes(
    _ objects: [AnnotatedObject], _ errors: [DatasetError], _ path: String, _ size: PictureSize,
    isRelative: Bool = false
  ) throws(DatasetError) -> [TruthBox] {
    if let error = errors.first { throw error }
    let picture = AnnotatedPicture(path: path, name: path, file: path, objects: objects)
    let numbering = try SampleMaker.numbering([picture], names: nil, file: path)
    let maker = SampleMaker(numbering: numbering, isRelative: isRelative, hasOutlines: true)
    var options = Dataset.Options()
    options.isStrict = true
    var collector = Collector(options)
    let truth = try maker.truth(of: picture, size, nil, into: &collector)
    _ = try PolygonOutlines(truth.outlines, of: path).paint(width: size.width, height: size.height)
    return truth.boxes
  }

  private static func coco(_ bytes: [UInt8], _ path: String, _ limits: Limits) throws(DatasetError) -> [TruthBox] {
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path, copying: bytes) } catch { throw .file(error) }
    var records = COCORecords()
    try records.read(JSONCursor(file, limits))
    if let error = records.imageErrors.first ?? records.errors.first { throw error }
    var numbering = ClassNumbering()
    var classOfCategory: [Int: Int] = [:]
    for (id, name) in records.categories.sorted(by: { $0.key < $1.key }) {
      classOfCategory[id] = try numbering.add(name, id: id, file: path)
    }
    var boxes: [TruthBox] = []
    let annotations = Dictionary(grouping: records.annotations, by: \.image)
    for image in records.images {
      var outlines: [COCOOutlines.Outline] = []
      let size = image.size ?? PictureSize(width: 40, height: 30)
      for annotation in annotations[image.id] ?? [] {
        let box = try annotation.box(in: size, named: image.name, nil, classOfCategory, path)
        boxes.append(box)
        guard let position = annotation.outline else { continue }
        outlines.append(
          COCOOutlines.Outline(
            position: position, classIndex: UInt8(box.classIndex), isCrowd: annotation.isCrowd,
            area: annotation.boxArea))
      }
      _ = try COCOOutlines(file, outlines, limits).paint(width: size.width, height: size.height)
    }
    return boxes
  }
}

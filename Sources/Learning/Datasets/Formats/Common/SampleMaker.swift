import ImageTypes

/// The step from annotated pictures to samples that all formats share: sizes, classes, clipping, masks from outlines.
struct SampleMaker {
  let numbering: ClassNumbering
  /// Whether coordinates are shares of the picture's size.
  var isRelative = false
  /// Whether any picture of the data set has outlines; then all pictures have masks.
  var hasOutlines = false

  /// The classes' numbers in the order of their names' bytes, those of a list first.
  static func numbering(
    _ pictures: [AnnotatedPicture], names: NamesFile?, file: String
  ) throws(DatasetError) -> ClassNumbering {
    var numbering = ClassNumbering()
    for (id, name) in (names?.names ?? [:]).sorted(by: { $0.key < $1.key }) where !ClassNumbering.isBackground(name) {
      _ = try numbering.add(name, id: id, file: file)
    }
    let found = Set(pictures.flatMap { ($0.objects ?? []).map(\.name) })
    for name in found.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    where !ClassNumbering.isBackground(name) {
      _ = try numbering.add(name, id: numbering.classes.count, file: file)
    }
    return numbering
  }

  static func hasOutlines(_ pictures: [AnnotatedPicture]) -> Bool {
    pictures.contains { picture in
      (picture.objects ?? []).contains { if case .outline = $0.shape { true } else { false } }
    }
  }

  /// Makes a sample of a picture; bad boxes and bad pictures are left out by name.
  func add(
    _ picture: AnnotatedPicture, mask: MaskSource? = nil, into collector: inout Collector
  ) throws(DatasetError) {
    do throws(DatasetError) {
      let (size, mask) = try collector.size(of: picture.path, mask: mask)
      let turn =
        isRelative
        ? nil
        : try collector.turn(
          of: picture.file, picture: picture.path, size, declared: picture.size,
          boxes: (picture.objects ?? []).compactMap(\.box))
      let truth = try truth(of: picture, size, turn, into: &collector)
      if mask == nil, hasOutlines, !truth.isOutlined, picture.objects != nil {
        collector.note(.boxesOnly, picture.path)
      }
      let painted = truth.isOutlined ? MaskSource(truth.outlines, of: picture.file, numbering) : nil
      collector.add(
        Sample(
          path: picture.path, name: picture.name, width: size.width, height: size.height,
          boxes: picture.objects == nil ? nil : truth.boxes, mask: mask ?? painted))
    } catch {
      try collector.skip(error)
    }
  }

  /// The boxes and outlines of a picture of that size, and whether all of its objects have outlines.
  func truth(
    of picture: AnnotatedPicture, _ size: PictureSize, _ turn: QuarterTurn?, into collector: inout Collector
  ) throws(DatasetError) -> (boxes: [TruthBox], outlines: [PolygonOutlines.Outline], isOutlined: Bool) {
    var boxes: [TruthBox] = []
    var outlines: [PolygonOutlines.Outline] = []
    var isOutlined = hasOutlines && picture.objects != nil && picture.isComplete
    for object in picture.objects ?? [] {
      do throws(DatasetError) {
        guard let truth = try self.truth(of: object, picture, size, turn, &collector) else { continue }
        var box = truth.box
        if let outline = truth.outline {
          box.area = outline.area
          outlines.append(outline)
        } else {
          isOutlined = false
        }
        boxes.append(box)
      } catch {
        isOutlined = false
        try collector.drop(error)
      }
    }
    return (boxes, outlines, isOutlined)
  }

  private func truth(
    of object: AnnotatedObject, _ picture: AnnotatedPicture, _ size: PictureSize, _ turn: QuarterTurn?,
    _ collector: inout Collector
  ) throws(DatasetError) -> (box: TruthBox, outline: PolygonOutlines.Outline?)? {
    if ClassNumbering.isBackground(object.name), numbering.index(of: object.name) ?? 0 == 0 {
      collector.note(.backgroundObjects, picture.file)
      return nil
    }
    guard let index = numbering.index(of: object.name), index > 0 else {
      throw .invalid(
        file: picture.file, place: object.place,
        expected: "an object of a known class (\(numbering.classes.dropFirst().map(\.name).joined(separator: ", ")))",
        found: object.name)
    }
    let scaled = isRelative ? object.scaled(size) : object
    let turned = turn.map { scaled.turned($0) } ?? scaled
    guard let box = turned.box, box.isProper, let clipped = box.clipped(width: size.width, height: size.height) else {
      throw .invalid(
        file: picture.file, place: object.place, expected: "a box of positive size inside \(size)",
        found: object.words)
    }
    var outline: PolygonOutlines.Outline?
    if case .outline(let polygons) = turned.shape {
      outline = PolygonOutlines.Outline(classIndex: UInt8(index), polygons: polygons)
    }
    return (TruthBox(box: clipped, classIndex: index, difficult: object.isDifficult), outline)
  }
}

import Files
import ImageTypes

/// The records of a COCO file, before they are joined.
struct COCORecords {
  struct Image {
    let id: Int
    /// As the file has it; `nil` where it has none.
    let size: PictureSize?
    let name: String
  }

  struct Annotation {
    /// Its byte offset in the file.
    let position: Int
    let image, category: Int
    /// Left, top, width, height.
    let corner: (x: Double, y: Double)
    let size: (width: Double, height: Double)
    let area: Double?
    let isCrowd: Bool
    /// The byte offset of its outline in the file.
    let outline: Int?

    var boxArea: Float { Float(size.width * size.height) }

    /// The box as the file has it.
    var whole: Box {
      Box(
        x1: Float(corner.x), y1: Float(corner.y), x2: Float(corner.x + size.width), y2: Float(corner.y + size.height))
    }

    /// The box in the picture as displayed.
    func box(
      in picture: PictureSize, named name: String, _ turn: QuarterTurn?, _ classOfCategory: [Int: Int], _ path: String
    ) throws(DatasetError) -> TruthBox {
      guard let index = classOfCategory[category] else {
        throw .invalid(
          file: path, place: .byte(position), expected: "the id of a listed category", found: "category_id \(category)")
      }
      guard size.width > 0, size.height > 0,
        let box = (turn?.box(whole) ?? whole).clipped(width: picture.width, height: picture.height)
      else {
        throw .invalid(
          file: path, place: .byte(position), expected: "a box of positive size inside \(picture) (\(name))",
          found: "bbox [\(corner.x), \(corner.y), \(size.width), \(size.height)]")
      }
      return TruthBox(box: box, classIndex: index, crowd: isCrowd, area: area.map { Float($0) } ?? box.area)
    }
  }

  private(set) var images: [Image] = []
  private(set) var annotations: [Annotation] = []
  private(set) var categories: [Int: String] = [:]
  /// Whether any annotation has an outline.
  private(set) var hasOutlines = false
  /// The errors of images, and of annotations and outlines, that are left out.
  private(set) var imageErrors: [DatasetError] = []
  private(set) var errors: [DatasetError] = []
  /// The images of which an annotation is left out.
  private(set) var incomplete: Set<Int> = []
  /// An error that makes the whole file unusable, although its text is JSON.
  private var fault: DatasetError?
  private var nameOfImage: [Int: String] = [:]
  private var ids = IDs()

  /// Reads the whole file.
  ///
  /// A record with wrong contents is left out by itself; text that is not JSON ends the reading.
  ///
  /// - Throws: `DatasetError` with the byte of the error.
  mutating func read(_ start: JSONCursor) throws(DatasetError) {
    var cursor = start
    var seen: Set<String> = []
    var records = self
    var count = 0
    try cursor.object { (cursor, key) throws(DatasetError) in
      guard ["images", "annotations", "categories"].contains(key) else { return try cursor.skip() }
      guard seen.insert(key).inserted else {
        throw cursor.wrong("the key \(key) twice", expected: "each key once")
      }
      if key == "annotations", try cursor.skipNull() { return }
      try cursor.array { (cursor) throws(DatasetError) in
        count += 1
        try cursor.check(.records, count)
        switch key {
        case "images":
          var errors: [DatasetError] = []
          try cursor.record(into: &errors) { (cursor) throws(DatasetError) in try records.takeImage(&cursor) }
          records.imageErrors += errors
        case "annotations":
          let before = cursor
          var errors: [DatasetError] = []
          try cursor.record(into: &errors) { (cursor) throws(DatasetError) in try records.takeAnnotation(&cursor) }
          if !errors.isEmpty { records.leaveOut(before, errors) }
        default: try records.takeCategory(&cursor)
        }
      }
    }
    try cursor.finish()
    if let fault = records.fault { throw fault }
    for key in ["images", "annotations", "categories"] where !seen.contains(key) {
      throw .missing(file: "\(start.file.path), key \(key)", expected: "images, annotations and categories")
    }
    self = records
  }

  /// An id in words.
  func words(_ id: Int) -> String { ids.text(id) ?? "\(id)" }

  /// The text of an id that is not a number.
  func text(of id: Int) -> String? { ids.text(id) }

  /// Notes an annotation that is left out, and its image where it can be read.
  private mutating func leaveOut(_ start: JSONCursor, _ errors: [DatasetError]) {
    self.errors += errors
    var cursor = start
    var (ids, image): (IDs, Int?) = (ids, nil)
    try? cursor.object { (cursor, key) throws(DatasetError) in
      if key == "image_id" { image = try ids.read(&cursor) } else { try cursor.skip() }
    }
    self.ids = ids
    if let image { incomplete.insert(image) }
  }

  private mutating func takeImage(_ cursor: inout JSONCursor) throws(DatasetError) {
    let start = cursor.start()
    var (id, width, height): (Int?, Int?, Int?)
    var name: String?
    var ids = ids
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "id": id = try ids.read(&cursor)
      case "width": width = try cursor.optionalInteger()
      case "height": height = try cursor.optionalInteger()
      case "file_name": name = try cursor.string()
      default: try cursor.skip()
      }
    }
    self.ids = ids
    guard let id, let name else {
      throw cursor.wrong("an image without one of them", expected: "id and file_name", at: start)
    }
    var size: PictureSize?
    if let width, let height, width > 0, height > 0 {
      if let excess = cursor.limits.excess(width: width, height: height) {
        throw .excess(file: cursor.file.path, place: .byte(start), excess)
      }
      size = PictureSize(width: width, height: height)
    }
    if let other = nameOfImage.updateValue(name, forKey: id) {
      // Which of two pictures the annotations mean is unknown; the same one twice is harmless.
      guard other == name else {
        fault = cursor.wrong("the image id \(words(id)) again", expected: "each id once", at: start)
        return
      }
      throw cursor.wrong("the image id \(words(id)) again", expected: "each id once", at: start)
    }
    images.append(Image(id: id, size: size, name: name))
  }

  private mutating func takeCategory(_ cursor: inout JSONCursor) throws(DatasetError) {
    let start = cursor.start()
    var id: Int?
    var name: String?
    var ids = ids
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "id": id = try ids.read(&cursor)
      case "name": name = try cursor.string()
      default: try cursor.skip()
      }
    }
    self.ids = ids
    guard let id, let name, !name.isEmpty, categories.updateValue(name, forKey: id) == nil else {
      throw cursor.wrong("another category", expected: "an id and a name, each id once", at: start)
    }
  }

  private mutating func takeAnnotation(_ cursor: inout JSONCursor) throws(DatasetError) {
    let start = cursor.start()
    var (image, category, outline): (Int?, Int?, Int?)
    var isCrowd = false
    var area: Double?
    var box: [Double] = []
    var outlineErrors: [DatasetError] = []
    var ids = ids
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "image_id": image = try ids.read(&cursor)
      case "category_id": category = try ids.read(&cursor)
      case "iscrowd": isCrowd = try cursor.optionalInteger() ?? 0 != 0
      case "area": if try !cursor.skipNull() { area = try cursor.number() }
      case "bbox":
        try cursor.array { (cursor) throws(DatasetError) in
          let at = cursor.position
          guard box.count < 4 else { throw cursor.wrong("more", expected: "4 numbers in a bbox") }
          box.append(try cursor.number())
          guard abs(box.last!) <= 1e6 else {
            throw cursor.wrong("\(box.last!)", expected: "a coordinate of at most a million", at: at)
          }
        }
      case "segmentation":
        if try cursor.skipNull() { break }
        let at = cursor.position
        try cursor.record(into: &outlineErrors) { (cursor) throws(DatasetError) in
          if try COCOOutlines.check(&cursor) { outline = at }
        }
      default: try cursor.skip()
      }
    }
    guard let image, let category, box.count == 4 else {
      throw cursor.wrong(
        "an annotation without one of them", expected: "image_id, category_id and a bbox of 4 numbers", at: start)
    }
    if let area, !(0...1e12 ~= area) { throw cursor.wrong("area \(area)", expected: "an area of 0 or more", at: start) }
    self.ids = ids
    errors += outlineErrors
    if outline != nil { hasOutlines = true }
    annotations.append(
      Annotation(
        position: start, image: image, category: category, corner: (box[0], box[1]), size: (box[2], box[3]),
        area: area, isCrowd: isCrowd, outline: outline))
  }
}

/// Ids of images and categories, which some programs write as texts.
private struct IDs {
  private var idOfText: [String: Int] = [:]
  private var texts: [String] = []

  func text(_ id: Int) -> String? {
    let place = id &- Int.min
    return id < 0 && texts.indices.contains(place) ? texts[place] : nil
  }

  /// An id as a number: one of its own, far below 0, for a text that is none.
  mutating func read(_ cursor: inout JSONCursor) throws(DatasetError) -> Int {
    guard cursor.kind() == UInt8(ascii: "\"") else { return try cursor.integer() }
    let text = try cursor.string()
    if let number = Int(text), abs(number) < 1 << 53, "\(number)" == text { return number }
    if let known = idOfText[text] { return known }
    idOfText[text] = Int.min + texts.count
    texts.append(text)
    return Int.min + texts.count - 1
  }
}

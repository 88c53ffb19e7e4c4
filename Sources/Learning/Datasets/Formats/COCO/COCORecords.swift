import Files
import ImageTypes

/// The records of a COCO file, before they are joined.
struct COCORecords {
  struct Image {
    let id, width, height: Int
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

    func box(of picture: Image, _ classOfCategory: [Int: Int], _ path: String) throws(DatasetError) -> TruthBox {
      guard let index = classOfCategory[category] else {
        throw .invalid(
          file: path, place: .byte(position), expected: "the id of a listed category", found: "category_id \(category)")
      }
      let whole = Box(
        x1: Float(corner.x), y1: Float(corner.y), x2: Float(corner.x + size.width), y2: Float(corner.y + size.height))
      guard size.width > 0, size.height > 0, let box = whole.clipped(width: picture.width, height: picture.height)
      else {
        throw .invalid(
          file: path, place: .byte(position),
          expected: "a box of positive size inside \(picture.width)x\(picture.height) (\(picture.name))",
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
  private var imageIDs: Set<Int> = []

  /// Reads the whole file.
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
      try cursor.array { (cursor) throws(DatasetError) in
        count += 1
        try cursor.check(.records, count)
        switch key {
        case "images": try records.takeImage(&cursor)
        case "annotations": try records.takeAnnotation(&cursor)
        default: try records.takeCategory(&cursor)
        }
      }
    }
    try cursor.finish()
    for key in ["images", "annotations", "categories"] where !seen.contains(key) {
      throw .missing(file: "\(start.file.path), key \(key)", expected: "images, annotations and categories")
    }
    self = records
  }

  private mutating func takeImage(_ cursor: inout JSONCursor) throws(DatasetError) {
    _ = cursor.kind()
    let start = cursor.position
    var fields: [String: Int] = [:]
    var name: String?
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "id", "width", "height": fields[key] = try cursor.integer()
      case "file_name": name = try cursor.string()
      default: try cursor.skip()
      }
    }
    guard let id = fields["id"], let width = fields["width"], let height = fields["height"], let name else {
      throw cursor.wrong("an image without one of them", expected: "id, width, height and file_name", at: start)
    }
    guard width > 0, height > 0 else {
      throw cursor.wrong("\(width)x\(height)", expected: "at least one pixel a side", at: start)
    }
    if let excess = cursor.limits.excess(width: width, height: height) {
      throw .excess(file: cursor.file.path, place: .byte(start), excess)
    }
    guard imageIDs.insert(id).inserted else {
      throw cursor.wrong("the image id \(id) again", expected: "each id once", at: start)
    }
    images.append(Image(id: id, width: width, height: height, name: name))
  }

  private mutating func takeCategory(_ cursor: inout JSONCursor) throws(DatasetError) {
    _ = cursor.kind()
    let start = cursor.position
    var id: Int?
    var name: String?
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "id": id = try cursor.integer()
      case "name": name = try cursor.string()
      default: try cursor.skip()
      }
    }
    guard let id, let name, !name.isEmpty, categories.updateValue(name, forKey: id) == nil else {
      throw cursor.wrong("another category", expected: "an id and a name, each id once", at: start)
    }
  }

  private mutating func takeAnnotation(_ cursor: inout JSONCursor) throws(DatasetError) {
    _ = cursor.kind()
    let start = cursor.position
    var (image, category, outline): (Int?, Int?, Int?)
    var isCrowd = false
    var area: Double?
    var box: [Double] = []
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "image_id": image = try cursor.integer()
      case "category_id": category = try cursor.integer()
      case "iscrowd": isCrowd = try cursor.integer() != 0
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
        if try COCOOutlines.check(&cursor) { outline = at }
      default: try cursor.skip()
      }
    }
    guard let image, let category, box.count == 4 else {
      throw cursor.wrong(
        "an annotation without one of them", expected: "image_id, category_id and a bbox of 4 numbers", at: start)
    }
    if let area, !(0...1e12 ~= area) { throw cursor.wrong("area \(area)", expected: "an area of 0 or more", at: start) }
    if outline != nil { hasOutlines = true }
    annotations.append(
      Annotation(
        position: start, image: image, category: category, corner: (box[0], box[1]), size: (box[2], box[3]),
        area: area, isCrowd: isCrowd, outline: outline))
  }
}

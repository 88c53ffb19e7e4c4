import Files

/// The ground truth of a COCO file for evaluation: its boxes unchanged, in double precision, without the pictures.
///
/// Unlike in `Dataset`, boxes are neither clipped nor rounded, as in COCO's own tools.
public struct COCOTruth: Sendable {
  /// A box.
  public struct Annotation: Hashable, Sendable {
    /// The index of its class in `classes`.
    public let classIndex: Int
    /// Left, top, width, height in pixels.
    public let x, y, width, height: Double
    /// The area in square pixels: the outline's where the file has it, else the box's.
    public let area: Double
    /// Whether it is a crowd, COCO's `iscrowd`.
    public let isCrowd: Bool
  }

  /// A picture of the file.
  public struct Picture: Hashable, Sendable {
    /// COCO's image id; `nil` where it is a text.
    public let id: Int?
    /// The image id where it is a text.
    public let textID: String?
    /// The file's name without its extension.
    public let name: String
    /// The annotations in the file's order.
    public let annotations: [Annotation]
  }

  /// By id.
  public let classes: [DatasetClass]
  /// By id.
  public let pictures: [Picture]
  /// The errors of annotations and images that are left out.
  public let dropped: [DatasetError]

  /// Reads a file.
  ///
  /// - Throws: `DatasetError`.
  public static func read(_ path: String, limits: Limits = .standard) throws(DatasetError) -> COCOTruth {
    let mapped: MappedFile
    do throws(FileError) { mapped = try MappedFile(path: path, .datasetBytes, of: limits) } catch { throw .file(error) }
    var records = COCORecords()
    try records.read(JSONCursor(mapped, limits))
    let categories = records.categories.sorted { $0.key < $1.key }
    let classes = categories.enumerated().map { place, category in
      DatasetClass(name: category.value, id: records.text(of: category.key) == nil ? category.key : place + 1)
    }
    let places = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1.key, $0) })
    var ofImage: [Int: [Annotation]] = [:]
    for image in records.images { ofImage[image.id] = [] }
    for one in records.annotations {
      guard let place = places[one.category], ofImage[one.image] != nil else {
        throw .invalid(
          file: path, place: .byte(one.position), expected: "an annotation of a listed image and category",
          found: "image_id \(records.words(one.image)), category_id \(records.words(one.category))")
      }
      ofImage[one.image]!.append(
        Annotation(
          classIndex: place, x: one.corner.x, y: one.corner.y, width: one.size.width, height: one.size.height,
          area: one.area ?? one.size.width * one.size.height, isCrowd: one.isCrowd))
    }
    let pictures = records.images.sorted { $0.id < $1.id }.map {
      Picture(
        id: records.text(of: $0.id) == nil ? $0.id : nil, textID: records.text(of: $0.id),
        name: FileName($0.name).stem, annotations: ofImage[$0.id]!)
    }
    return COCOTruth(classes: classes, pictures: pictures, dropped: records.imageErrors + records.errors)
  }
}

/// A detection of a COCO results file, an array of objects with `image_id`, `category_id`, `bbox` and `score`.
public struct COCOResult: Hashable, Sendable {
  /// The identification of a picture: by its id, or by its file's name where the data set has no ids.
  public enum Picture: Hashable, Sendable, CustomStringConvertible {
    /// COCO's image id.
    case id(Int)
    /// The name of the picture's file.
    case name(String)

    /// The id or the name.
    public var description: String {
      switch self {
      case .id(let id): "\(id)"
      case .name(let name): name
      }
    }
  }

  /// The picture with the detection.
  public let picture: Picture
  /// COCO's category id.
  public let category: Int
  /// Left, top, width, height in pixels.
  public let x, y, width, height: Double
  /// The confidence score.
  public let score: Double

  /// Reads a file; an object with such an array under the key `annotations` is accepted too.
  ///
  /// - Throws: `DatasetError` with the byte of the error.
  public static func read(_ path: String, limits: Limits = .standard) throws(DatasetError) -> [COCOResult] {
    let mapped: MappedFile
    do throws(FileError) { mapped = try MappedFile(path: path, .datasetBytes, of: limits) } catch { throw .file(error) }
    var cursor = JSONCursor(mapped, limits)
    var results: [COCOResult] = []
    func take(_ cursor: inout JSONCursor) throws(DatasetError) {
      try cursor.array { (cursor) throws(DatasetError) in
        results.append(try one(&cursor))
        try cursor.check(.records, results.count)
      }
    }
    if cursor.kind() == UInt8(ascii: "{") {
      var isThere = false
      try cursor.object { (cursor, key) throws(DatasetError) in
        guard key == "annotations" else { return try cursor.skip() }
        isThere = true
        try take(&cursor)
      }
      guard isThere else { throw .missing(file: "\(path), key annotations", expected: "an array of results") }
    } else {
      try take(&cursor)
    }
    try cursor.finish()
    return results
  }

  private static func one(_ cursor: inout JSONCursor) throws(DatasetError) -> COCOResult {
    _ = cursor.kind()
    let start = cursor.position
    var picture: Picture?
    var category: Int?
    var score: Double?
    var box: [Double] = []
    try cursor.object { (cursor, key) throws(DatasetError) in
      switch key {
      case "image_id":
        if cursor.kind() == UInt8(ascii: "\"") {
          picture = .name(try cursor.string())
        } else {
          picture = .id(try cursor.integer())
        }
      case "category_id": category = try cursor.integer()
      case "score": score = try cursor.number()
      case "bbox":
        try cursor.array { (cursor) throws(DatasetError) in
          guard box.count < 4 else { throw cursor.wrong("more", expected: "4 numbers in a bbox") }
          box.append(try cursor.number())
        }
      default: try cursor.skip()
      }
    }
    guard let picture, let category, let score, box.count == 4 else {
      throw cursor.wrong(
        "a result without one of them", expected: "image_id, category_id, score and a bbox of 4 numbers", at: start)
    }
    return COCOResult(
      picture: picture, category: category, x: box[0], y: box[1], width: box[2], height: box[3], score: score)
  }
}

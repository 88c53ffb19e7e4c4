import Files
import ImageCodecs
import ImageTypes

/// The source of a picture's mask, and the meaning of its values.
package struct MaskSource: Sendable {
  enum Storage: Sendable {
    /// A PNG whose colours are the classes.
    case colours(path: String, ColourTable)
    /// A PNG with a palette or gray of at most 8 bits.
    case png(path: String)
    /// A PNG in colour whose three channels are the same value.
    case gray(path: String)
    /// Outlines in a COCO file.
    case outlines(COCOOutlines)
    /// Outlines in memory.
    case polygons(PolygonOutlines)
  }

  let storage: Storage
  var meaning: MaskMeaning
  /// The turn from the mask to the picture as displayed, where the mask is of the picture as stored.
  var turn: QuarterTurn?

  init(storage: Storage, meaning: MaskMeaning, turn: QuarterTurn? = nil) {
    self.storage = storage
    self.meaning = meaning
    self.turn = turn
  }

  /// Outlines in the picture's coordinates, with the numbers of classes.
  init(_ outlines: [PolygonOutlines.Outline], of file: String, _ numbering: ClassNumbering) {
    self.init(
      storage: .polygons(PolygonOutlines(outlines, of: file)),
      meaning: MaskMeaning(Dictionary(uniqueKeysWithValues: numbering.classes.indices.map { ($0, $0) })))
  }

  /// The file of the mask.
  var path: String {
    switch storage {
    case .outlines(let outlines): return outlines.path
    case .polygons(let outlines): return outlines.path
    case .colours(let path, _), .gray(let path), .png(let path): return path
    }
  }

  /// A text that changes when the mask does.
  var stamp: String {
    var text = "\(Folder.stamp(path)) \(meaning)"
    if case .colours(_, let table) = storage { text += " \(table.stamp)" }
    if case .polygons(let outlines) = storage { text += " \(outlines.stamp)" }
    if let turn { text += " \(turn)" }
    return text
  }

  /// Reads the mask.
  ///
  /// - Throws: `DatasetError`.
  func read(width: Int, height: Int, limits: Limits) throws(DatasetError) -> Mask {
    let (columns, rows) = turn.map { ($0.width, $0.height) } ?? (width, height)
    let values: [UInt8]
    switch storage {
    case .outlines(let outlines): values = try outlines.paint(width: columns, height: rows)
    case .polygons(let outlines): values = try outlines.paint(width: columns, height: rows)
    case .png(let path):
      let stored: IndexedImage
      do throws(ImageError) { stored = try PNGDecoder.readIndices(path: path, limits: limits) } catch {
        throw .picture(error)
      }
      try check(stored.width, stored.height, columns, rows)
      values = stored.indices
    case .gray(let path):
      let stored = try image(path, columns, rows, limits)
      guard let gray = MaskSurvey.grayValues(stored) else {
        throw .invalid(
          file: path, place: .whole, expected: "gray as in the other masks", found: "colours")
      }
      values = gray
    case .colours(let path, let table):
      values = try table.values(of: try image(path, columns, rows, limits), file: path)
    }
    let ids = try meaning.translate(values, width: columns, file: path)
    return Mask(width: width, height: height, ids: turn?.ids(ids) ?? ids)
  }

  private func image(_ path: String, _ columns: Int, _ rows: Int, _ limits: Limits) throws(DatasetError) -> Image {
    let stored: Image
    do throws(ImageError) { stored = try ImageFile.read(path: path, limits: limits) } catch { throw .picture(error) }
    try check(stored.width, stored.height, columns, rows)
    return stored
  }

  private func check(_ width: Int, _ height: Int, _ columns: Int, _ rows: Int) throws(DatasetError) {
    guard (width, height) == (columns, rows) else {
      throw .size(file: path, expected: "\(columns)x\(rows) as its picture", found: "\(width)x\(height)")
    }
  }
}

import Files
import ImageCodecs
import ImageTypes

/// The source of a picture's mask, and the meaning of its values.
package struct MaskSource: Sendable {
  enum Storage: Sendable {
    /// A PNG with a palette or gray of at most 8 bits.
    case png(path: String)
    /// Outlines in a COCO file.
    case outlines(COCOOutlines)
  }

  let storage: Storage
  var meaning: MaskMeaning

  /// The file of the mask.
  var path: String {
    switch storage {
    case .outlines(let outlines): return outlines.path
    case .png(let path): return path
    }
  }

  /// A text that changes when the mask does.
  var stamp: String {
    switch storage {
    case .outlines(let outlines): return "\(Folder.stamp(outlines.path)) \(meaning)"
    case .png(let path): return "\(Folder.stamp(path)) \(meaning)"
    }
  }

  /// Reads the mask.
  ///
  /// - Throws: `DatasetError`.
  func read(width: Int, height: Int, limits: Limits) throws(DatasetError) -> Mask {
    switch storage {
    case .outlines(let outlines):
      let raw = try outlines.paint(width: width, height: height)
      return Mask(width: width, height: height, ids: try meaning.translate(raw, width: width, file: outlines.path))
    case .png(let path):
      let stored: IndexedImage
      do throws(ImageError) { stored = try PNGDecoder.readIndices(path: path, limits: limits) } catch {
        throw .picture(error)
      }
      guard (stored.width, stored.height) == (width, height) else {
        throw .size(
          file: path, expected: "\(width)x\(height) as its picture", found: "\(stored.width)x\(stored.height)")
      }
      return Mask(
        width: width, height: height, ids: try meaning.translate(stored.indices, width: width, file: path))
    }
  }
}

/// The meaning of each value stored in a mask.
struct MaskMeaning: Hashable, Sendable {
  /// For each of 256 values a class number, 255 for the ignore index, or -1 where the value has no meaning.
  private(set) var table: [Int16]

  /// Values without a class have no meaning, and 255 is the ignore index.
  init(_ classOfValue: [Int: Int]) {
    table = [Int16](repeating: -1, count: 256)
    table[255] = 255
    for (value, classIndex) in classOfValue { table[value] = Int16(classIndex) }
  }

  /// The same values with other class numbers.
  func mapped(_ classOfClass: [Int]) -> MaskMeaning {
    var result = self
    result.table = table.map { $0 < 0 || $0 == 255 ? $0 : Int16(classOfClass[Int($0)]) }
    return result
  }

  /// - Complexity: O(`values.count`).
  func translate(_ values: [UInt8], width: Int, file: String) throws(DatasetError) -> [UInt8] {
    let bytes = table.map { UInt8(truncatingIfNeeded: max($0, 0)) }
    let meaningless = table.map { $0 < 0 ? UInt8(1) : 0 }
    var wrong: UInt8 = 0
    let result = values.map { value -> UInt8 in
      wrong |= meaningless[Int(value)]
      return bytes[Int(value)]
    }
    guard wrong == 1, let at = values.firstIndex(where: { meaningless[Int($0)] == 1 }) else { return result }
    throw .invalid(
      file: file, place: .element("pixel (\(at % width), \(at / width))"),
      expected: "the number of a class or 255", found: "the value \(values[at])")
  }
}

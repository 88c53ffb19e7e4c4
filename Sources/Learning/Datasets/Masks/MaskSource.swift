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

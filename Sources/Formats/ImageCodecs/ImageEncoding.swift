import Files
import ImageTypes

/// What a picture is written as.
public enum ImageEncoding: Hashable, Sendable {
  /// 8-bit RGB without loss, as `PNGEncoder` writes it.
  case png
  /// JPEG of a quality, 1 (smallest) to 100 (best); other numbers are taken as the nearest of these.
  ///
  /// Chroma is stored at half the size in both directions, whatever the quality.
  case jpeg(quality: Int = 90)
}

extension Image {
  /// The image as the bytes of a PNG file, without loss.
  ///
  /// - Throws: `ImageError.outOfMemory`.
  public func pngData() throws(ImageError) -> [UInt8] { try ImageFile.encode(self, as: .png) }

  /// The image as the bytes of a JPEG file.
  ///
  /// - Parameter quality: 1 (smallest) to 100 (best).
  /// - Throws: `ImageError.outOfMemory`, `.cannotEncode` for a side above 65,500.
  public func jpegData(quality: Int = 90) throws(ImageError) -> [UInt8] {
    try ImageFile.encode(self, as: .jpeg(quality: quality))
  }
}

extension ImageFile {
  /// Encodes a picture into memory; the same picture gives the same bytes with the same libraries.
  ///
  /// - Parameter name: what messages call the picture.
  /// - Throws: `ImageError.outOfMemory`, and `.cannotEncode` of a side that the format can't have: above 65,500 of JPEG
  ///   and 2,147,483,647 of PNG.
  /// - Complexity: O(pixels).
  public static func encode(
    _ image: Image, as encoding: ImageEncoding, name: String = "the data"
  ) throws(ImageError) -> [UInt8] {
    switch encoding {
    case .png: return try PNGEncoder.encode(image, name: name)
    case .jpeg(let quality):
      return try CodecBridge.encodeJPEG(
        image.pixels, width: image.width, height: image.height, quality: min(max(quality, 1), 100), file: name)
    }
  }

  /// Writes a picture into a file, whole or not at all, as `AtomicFile` does.
  ///
  /// - Parameters:
  ///   - path: whatever its ending, which does not choose the encoding.
  ///   - replacing: whether a file of that name may be there already.
  /// - Throws: as `encode(_:as:name:)`, naming the path; `.cannotWrite`, and then an old file is untouched.
  public static func write(
    _ image: Image, to path: String, as encoding: ImageEncoding, replacing: Bool = true
  ) throws(ImageError) {
    let bytes = try encode(image, as: encoding, name: path)
    do throws(FileError) { try AtomicFile.write(bytes, to: path, replacing: replacing) } catch {
      throw .cannotWrite(error)
    }
  }
}

import Files
import ImageTypes

/// The format of a written image.
public enum ImageEncoding: Hashable, Sendable {
  /// PNG: lossless 8-bit RGB, as in `PNGEncoder`.
  case png
  /// JPEG of a quality from 1 (smallest) to 100 (best), clamped to that range.
  ///
  /// Chroma is stored at half the size in both directions, whatever the quality.
  case jpeg(quality: Int = 90)
}

extension Image {
  /// The image as the bytes of a PNG file, lossless.
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
  /// Encodes an image in memory; the same image gives the same bytes with the same libraries.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError.outOfMemory`; `.cannotEncode` for a side above the format's maximum, 65,500 of JPEG and
  ///   2,147,483,647 of PNG.
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

  /// Writes an image to a file, atomically like `AtomicFile`.
  ///
  /// - Parameters:
  ///   - path: the file's name; its extension does not choose the encoding.
  ///   - replacing: whether an existing file may be replaced.
  /// - Throws: as `encode(_:as:name:)`, with the path; `.cannotWrite`, with an existing file unchanged.
  public static func write(
    _ image: Image, to path: String, as encoding: ImageEncoding, replacing: Bool = true
  ) throws(ImageError) {
    let bytes = try encode(image, as: encoding, name: path)
    do throws(FileError) { try AtomicFile.write(bytes, to: path, replacing: replacing) } catch {
      throw .cannotWrite(error)
    }
  }
}

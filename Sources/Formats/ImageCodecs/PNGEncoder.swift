import Files
import ImageTypes

/// The encoding of PNG files in memory; `ImageFile.write` writes files.
///
/// The same image always gives the same bytes with the same zlib.
public enum PNGEncoder {
  /// Encodes an image as 8-bit RGB.
  ///
  /// The settings favour speed: each pixel is stored as its difference to the mean of its neighbours, and only runs are
  /// compressed. The smallest file would be a tenth smaller and take five times as long.
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError.outOfMemory`, with `name`; `.cannotEncode` for a side above 2,147,483,647.
  /// - Complexity: O(pixels).
  public static func encode(_ image: Image, name: String = "the data") throws(ImageError) -> [UInt8] {
    try CodecBridge.encodePNG(image.pixels, width: image.width, height: image.height, palette: [], file: name)
  }

  /// Encodes a mask: 8-bit indices into a palette.
  ///
  /// The file's sample values are exactly `indices`.
  ///
  /// - Parameters:
  ///   - indices: `width * height` values, each below the number of colours.
  ///   - palette: 1 to 256 colours.
  /// - Throws: `ImageError.outOfMemory`.
  /// - Complexity: O(pixels).
  public static func encodeIndexed(
    width: Int, height: Int, indices: [UInt8], palette: [Colour]
  ) throws(ImageError) -> [UInt8] {
    precondition(width > 0 && height > 0 && indices.count == width * height, "\(indices.count) for \(width)x\(height)")
    precondition((1...256).contains(palette.count), "\(palette.count) colours, expected 1 to 256")
    let highest = indices.max() ?? 0
    precondition(Int(highest) < palette.count, "index \(highest) in a palette of \(palette.count) colours")
    let flat = palette.flatMap { [$0.red, $0.green, $0.blue] }
    return try CodecBridge.encodePNG(indices, width: width, height: height, palette: flat, file: "the data")
  }
}

/// A mask as stored: sample values and their palette.
public struct IndexedImage: Hashable, Sendable {
  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// `width * height` sample values, rows from the top.
  public let indices: [UInt8]
  /// Red, green and blue of each colour; empty for a gray image, whose values are not indices.
  public let palette: [UInt8]
}

/// The decoding of masks as indices, without their colours.
public enum PNGDecoder {
  /// Reads the sample values of a PNG with a palette, or with gray of 1, 2, 4 or 8 bits (without scaling).
  ///
  /// - Throws: `ImageError`; `.notMask` for any other kind of PNG.
  /// - Complexity: O(bytes + pixels).
  public static func readIndices(path: String, limits: Limits = .standard) throws(ImageError) -> IndexedImage {
    try decodeIndices(bytes: CodecBridge.contents(of: path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// Decodes like `readIndices(path:limits:)`, from the bytes of the file.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`; `.notMask` for any other kind of PNG.
  public static func decodeIndices(bytes: [UInt8], name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> IndexedImage
  { try decodeIndices(bytes: bytes.span, name: name, limits: limits) }

  /// Decodes like `readIndices(path:limits:)`, from the bytes of the file in place.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`; `.notMask` for any other kind of PNG.
  public static func decodeIndices(bytes: Span<UInt8>, name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> IndexedImage
  {
    try ImageFile.check(bytes, limits, name)
    let format = try ImageFormat.sniff(bytes, file: name)
    guard format == .png else { throw .notMask(file: name, found: "a \(format.rawValue)") }
    var damage: [ImageDamage]?
    let structure = try PNGStructure(bytes, limits: limits, file: name, damage: &damage)
    guard [0, 3].contains(structure.colourType), structure.bitDepth <= 8 else {
      let kind = [0: "gray", 2: "RGB", 4: "gray with alpha", 6: "RGB with alpha"][structure.colourType] ?? "other"
      throw .notMask(file: name, found: "a PNG of \(structure.bitDepth)-bit \(kind)")
    }
    return try CodecBridge.decodeIndices(bytes, structure, limits: limits, file: name)
  }
}

import Files
import ImageTypes

/// The reading and writing of images, in files or in memory.
///
/// What is read is PNG of every kind, JPEG, WebP and BMP, told apart by their first bytes, as 8-bit RGB the way they are
/// displayed.
///
/// The conversion is the same for every kind of file:
/// - Gray of 1, 2 and 4 bits is scaled to 0...255; palettes are looked up; gray becomes R = G = B.
/// - Samples of 16 bits are reduced to their high byte (`v >> 8`), as in Pillow, TensorFlow and OpenCV.
/// - Alpha (a channel, or `tRNS`) is straight and composited over white: `(c * a + 255 * (255 - a)) / 255`, rounded to
///   nearest, after both have been reduced to 8 bits; a transparent 16-bit colour is compared with all its 16 bits.
/// - `gAMA`, `iCCP`, `sRGB`, `bKGD` and other ancillary chunks change no pixel and are skipped, however large. Their CRCs
///   are checked, as all CRCs are.
/// - An animated PNG gives its still picture.
/// - JPEG is decoded with the accurate integer transform and smooth chroma upsampling, libjpeg-turbo's defaults.
/// - CMYK and YCCK: R = C' * K' / 255 rounded, likewise G and B, where C' and K' are what is left of the paper's white.
///   A file with Adobe's marker stores just those; one without stores the ink, 255 - C'.
/// - BMP of 16 and 32 bits is scaled to 0...255; its alpha is ignored.
/// - The EXIF orientation (JPEG APP1, PNG `eXIf`, WebP `EXIF`) is applied.
/// - A damaged or truncated image is refused as a whole, except by `recover`; bytes behind the end of an image are
///   ignored.
public enum ImageFile {
  /// Reads an image from a file or a pipe.
  ///
  /// - Parameter path: a regular file, or anything that can be read to its end, such as `/dev/stdin`.
  /// - Throws: `ImageError`, with the path.
  /// - Complexity: O(bytes + pixels); memory for the file and for one or two copies of the image.
  public static func read(path: String, limits: Limits = .standard) throws(ImageError) -> Image {
    try decode(bytes: CodecBridge.contents(of: path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// Decodes an image from the bytes of its file.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`.
  /// - Complexity: O(bytes + pixels).
  public static func decode(bytes: [UInt8], name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> Image
  { try decode(bytes: bytes.span, name: name, limits: limits) }

  /// Decodes an image from the bytes of its file in place, for example of a mapped file or a network buffer.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`.
  /// - Complexity: O(bytes + pixels).
  public static func decode(bytes: Span<UInt8>, name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> Image
  {
    var damage: [ImageDamage]?
    return try decode(bytes, name, limits, damage: &damage)
  }

  /// Decodes an image.
  ///
  /// - Parameter damage: receives damage that is tolerated; with `nil` none is.
  static func decode(
    _ bytes: Span<UInt8>, _ name: String, _ limits: Limits, damage: inout [ImageDamage]?
  ) throws(ImageError) -> Image {
    try check(bytes, limits, name)
    let width, height: Int
    let pixels: [UInt8]
    let exif: Range<Int>?
    switch try ImageFormat.sniff(bytes, file: name) {
    case .png:
      let structure = try PNGStructure(bytes, limits: limits, file: name, damage: &damage)
      (width, height, exif) = (structure.width, structure.height, structure.exif)
      pixels = try CodecBridge.decodePNG(bytes, structure, limits: limits, file: name)
    case .jpeg:
      (width, height) = try CodecBridge.sizeOfJPEG(bytes, file: name)
      try ImageError.check(width, height, limits, file: name)
      exif = JPEGStructure.exif(in: bytes)
      pixels = try CodecBridge.decodeJPEG(
        bytes, width: width, height: height, limits: limits, file: name, damage: &damage)
    case .webp:
      (width, height) = try CodecBridge.sizeOfWebP(bytes, file: name)
      try ImageError.check(width, height, limits, file: name)
      exif = WebPStructure.exif(in: bytes)
      pixels = try CodecBridge.decodeWebP(bytes, width: width, height: height, file: name)
    case .bmp:
      let bitmap = try BMPFile(bytes, limits: limits, file: name)
      (width, height, exif) = (bitmap.width, bitmap.height, nil)
      pixels = try bitmap.pixels(bytes)
    }
    return orientation(exif, bytes).display(pixels, width: width, height: height)
  }

  /// The displayed size of an image, without decoding it.
  ///
  /// - Returns: columns and rows, within the limits.
  /// - Throws: `ImageError`; damage behind the header of a JPEG is not detected.
  /// - Complexity: O(bytes) for a PNG; for a JPEG usually its first 64 KiB are read.
  public static func size(path: String, limits: Limits = .standard) throws(ImageError) -> (width: Int, height: Int) {
    let head = try CodecBridge.contents(of: path, limit: limits.fileBytes, prefix: 1 << 16)
    // A JPEG's markers may extend beyond these bytes; then, and for a PNG, the whole file is needed.
    if try ImageFormat.sniff(head.span, file: path) == .jpeg,
      let size = try? size(bytes: head.span, name: path, limits: limits)
    {
      return size
    }
    return try size(bytes: CodecBridge.contents(of: path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// The displayed size of an image from the bytes of its file, without decoding it.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Returns: columns and rows, within the limits.
  /// - Throws: `ImageError`, with `name`; damage behind the header of a JPEG is not detected.
  /// - Complexity: O(chunks) of a PNG, O(markers) of a JPEG.
  public static func size(bytes: [UInt8], name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> (width: Int, height: Int)
  { try size(bytes: bytes.span, name: name, limits: limits) }

  /// The displayed size of an image from the bytes of its file in place, without decoding it.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Returns: columns and rows, within the limits.
  /// - Throws: `ImageError`, with `name`; damage behind the header of a JPEG is not detected.
  /// - Complexity: O(chunks) of a PNG, O(markers) of a JPEG.
  public static func size(bytes: Span<UInt8>, name: String = "the data", limits: Limits = .standard)
    throws(ImageError) -> (width: Int, height: Int)
  {
    try check(bytes, limits, name)
    let width, height: Int
    let exif: Range<Int>?
    switch try ImageFormat.sniff(bytes, file: name) {
    case .png:
      // Damage that costs no pixel does not matter here.
      var damage: [ImageDamage]? = []
      let structure = try PNGStructure(bytes, limits: limits, file: name, isVerified: false, damage: &damage)
      (width, height, exif) = (structure.width, structure.height, structure.exif)
    case .jpeg:
      (width, height) = try CodecBridge.sizeOfJPEG(bytes, file: name)
      try ImageError.check(width, height, limits, file: name)
      exif = JPEGStructure.exif(in: bytes)
    case .webp:
      (width, height) = try CodecBridge.sizeOfWebP(bytes, file: name)
      try ImageError.check(width, height, limits, file: name)
      exif = WebPStructure.exif(in: bytes)
    case .bmp:
      let bitmap = try BMPFile(bytes, limits: limits, file: name)
      (width, height, exif) = (bitmap.width, bitmap.height, nil)
    }
    return orientation(exif, bytes).display(width: width, height: height)
  }

  /// Checks the size of a file against the limits.
  static func check(_ bytes: Span<UInt8>, _ limits: Limits, _ name: String) throws(ImageError) {
    guard bytes.count <= limits.fileBytes else {
      throw .limit(file: name, limit: .fileBytes, allowed: limits.fileBytes, found: bytes.count)
    }
  }

  private static func orientation(_ exif: Range<Int>?, _ bytes: Span<UInt8>) -> Orientation {
    guard let exif else { return .upright }
    return Orientation(exif: bytes, in: exif)
  }
}

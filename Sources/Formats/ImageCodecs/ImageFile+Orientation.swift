import Files

extension ImageFile {
  /// The EXIF orientation of a picture, 1 to 8: 5 and above where the stored rows are displayed as columns.
  ///
  /// - Returns: 1 where the picture has none.
  /// - Throws: `ImageError`.
  package static func orientation(path: String, limits: Limits = .standard) throws(ImageError) -> Int {
    let bytes = try CodecBridge.contents(of: path, limit: limits.fileBytes)
    let format = try ImageFormat.sniff(bytes.span, file: path)
    var exif: Range<Int>?
    if format == .jpeg { exif = JPEGStructure.exif(in: bytes.span) }
    if format == .png {
      // Damage that changes no pixel is no reason to doubt the orientation.
      var damage: [ImageDamage]? = []
      exif = try PNGStructure(bytes.span, limits: limits, file: path, isVerified: false, damage: &damage).exif
    }
    guard let exif else { return 1 }
    return Orientation(exif: bytes.span, in: exif).rawValue
  }
}

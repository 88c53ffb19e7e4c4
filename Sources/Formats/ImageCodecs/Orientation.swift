import Files
import ImageTypes

/// The EXIF orientation: the displayed position of the stored image's first row and column.
///
/// Source: Exif 3.0, section 4.6.4, tag 274 (Orientation).
enum Orientation: Int, CaseIterable {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  case mirroredOnLeftSide
  case onLeftSide
  case mirroredOnRightSide
  case onRightSide

  /// Finds the orientation in EXIF data: a TIFF header and the first image directory.
  ///
  /// Unreadable data count as upright.
  ///
  /// - Parameter range: the EXIF data within `bytes`.
  init(exif bytes: Span<UInt8>, in range: Range<Int>) {
    self = Self.find(bytes.array(range)) ?? .upright
  }

  private static func find(_ exif: [UInt8]) -> Orientation? {
    // Some encoders write JPEG's prefix into PNG's eXIf too.
    let start = exif.starts(with: JPEGStructure.exifPrefix) ? JPEGStructure.exifPrefix.count : 0
    guard exif.count >= start + 8 else { return nil }
    let little: Bool
    switch exif[start..<(start + 4)] {
    case [0x49, 0x49, 0x2A, 0]: little = true
    case [0x4D, 0x4D, 0, 0x2A]: little = false
    default: return nil
    }
    func number(at offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset <= exif.count - start - bytes else { return nil }
      let field = exif[(start + offset)..<(start + offset + bytes)]
      return (little ? Array(field.reversed()) : Array(field)).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(at: 4, bytes: 4), let count = number(at: directory, bytes: 2) else { return nil }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let tag = number(at: entry, bytes: 2), let type = number(at: entry + 2, bytes: 2) else { return nil }
      guard tag == 274 else { continue }
      // SHORT by the standard; BYTE and LONG occur too.
      guard let size = [1: 1, 3: 2, 4: 4][type], let value = number(at: entry + 8, bytes: size) else { return nil }
      return Orientation(rawValue: value)
    }
    return nil
  }

  /// Whether rows and columns are exchanged.
  private var isTurned: Bool { rawValue >= Orientation.mirroredOnLeftSide.rawValue }

  /// The displayed size of an image of that stored size.
  func display(width: Int, height: Int) -> (width: Int, height: Int) { isTurned ? (height, width) : (width, height) }

  /// Converts stored pixels to the displayed image.
  ///
  /// - Parameter pixels: `width * height * 3` bytes.
  /// - Complexity: O(`width * height`), with memory for a second image unless upright.
  func display(_ pixels: [UInt8], width: Int, height: Int) -> Image {
    // The displayed pixel (x, y) is the stored pixel first + x * right + y * down.
    let last = width - 1, bottom = (height - 1) * width
    let first: Int, right: Int, down: Int
    switch self {
    case .upright: return Image(width: width, height: height, pixels: pixels)
    case .mirrored: (first, right, down) = (last, -1, width)
    case .upsideDown: (first, right, down) = (bottom + last, -1, -width)
    case .mirroredUpsideDown: (first, right, down) = (bottom, 1, -width)
    case .mirroredOnLeftSide: (first, right, down) = (0, width, 1)
    case .onLeftSide: (first, right, down) = (bottom, -width, 1)
    case .mirroredOnRightSide: (first, right, down) = (bottom + last, -width, -1)
    case .onRightSide: (first, right, down) = (last, width, -1)
    }
    let (columns, rows) = display(width: width, height: height)
    var result = [UInt8](repeating: 0, count: pixels.count)
    // Blocks keep the rows of both images in the cache.
    let block = 32
    for top in stride(from: 0, to: rows, by: block) {
      for left in stride(from: 0, to: columns, by: block) {
        for y in top..<min(top + block, rows) {
          var from = (first + left * right + y * down) * 3
          var to = (y * columns + left) * 3
          for _ in left..<min(left + block, columns) {
            result[to] = pixels[from]
            result[to + 1] = pixels[from + 1]
            result[to + 2] = pixels[from + 2]
            from += right * 3
            to += 3
          }
        }
      }
    }
    return Image(width: columns, height: rows, pixels: result)
  }
}

extension ImageFile {
  /// The EXIF orientation of a picture, 1 to 8: 5 and above where the stored rows are displayed as columns.
  ///
  /// - Returns: 1 where the picture has none.
  /// - Throws: `ImageError`.
  package static func orientation(path: String, limits: Limits = .standard) throws(ImageError) -> Int {
    let bytes = try CodecBridge.contents(of: path, limit: limits.fileBytes)
    let exif: Range<Int>?
    switch try ImageFormat.sniff(bytes.span, file: path) {
    case .jpeg: exif = JPEGStructure.exif(in: bytes.span)
    case .webp: exif = WebPStructure.exif(in: bytes.span)
    case .bmp: exif = nil
    case .png:
      // Damage that changes no pixel is no reason to doubt the orientation.
      var damage: [ImageDamage]? = []
      exif = try PNGStructure(bytes.span, limits: limits, file: path, isVerified: false, damage: &damage).exif
    }
    guard let exif else { return 1 }
    return Orientation(exif: bytes.span, in: exif).rawValue
  }
}

/// How much of a machine one picture may claim; all of it is checked before memory is taken.
///
/// The standard values let every camera's pictures in and keep the worst file below 1 GiB of memory: 256 MiB of file,
/// 192 MiB of RGB, and meanwhile up to 512 MiB for a progressive CMYK JPEG or 256 MiB for an interlaced PNG with alpha.
public struct ImageLimits: Hashable, Sendable {
  /// Bytes of the file, or of what a pipe delivers: 256 MiB.
  public var fileBytes = 256 << 20
  /// Pixels of the picture: 64 Mi, which is 8192x8192 and lets a phone's "64 megapixels" of 9248x6944 in.
  public var pixels = 64 << 20
  /// Columns, and rows: 65,500, which is also the JPEG library's own limit.
  public var side = 65_500
  /// Bytes of one ancillary PNG chunk (text, colour profile, EXIF; not an animation's frames): 1 MiB.
  public var chunkBytes = 1 << 20
  /// Bytes of all ancillary PNG chunks together: 8 MiB.
  public var ancillaryBytes = 8 << 20
  /// Scans of a progressive JPEG: 100, where ordinary files have about ten.
  public var scans = 100

  /// The values above.
  public static let standard = ImageLimits()

  public init() {}

  /// Which limit was passed; the raw value is the flag that changes it.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case ancillaryBytes = "--max-ancillary-bytes"
    case chunkBytes = "--max-chunk-bytes"
    case fileBytes = "--max-file-bytes"
    case pixels = "--max-pixels"
    case scans = "--max-scans"
    case side = "--max-side"

    /// What is counted, in words.
    var unit: String {
      switch self {
      case .ancillaryBytes: return "bytes in ancillary PNG chunks"
      case .chunkBytes: return "bytes in one ancillary PNG chunk"
      case .fileBytes: return "bytes in the file"
      case .pixels: return "pixels"
      case .scans: return "scans in a progressive JPEG"
      case .side: return "pixels along a side"
      }
    }
  }

  /// Checks a header's size.
  ///
  /// - Throws: `ImageError.limit`.
  func check(width: Int, height: Int, file: String) throws(ImageError) {
    if max(width, height) > side {
      throw .limit(file: file, limit: .side, allowed: side, found: max(width, height))
    }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    if overflow || count > min(pixels, Self.ceiling) {
      throw .limit(file: file, limit: .pixels, allowed: min(pixels, Self.ceiling), found: overflow ? .max : count)
    }
  }

  /// However the limits are set, a picture's bytes must be countable with room to spare.
  private static let ceiling = Int.max / 16
}

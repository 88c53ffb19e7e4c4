import ImageTypes

/// Damage to a picture's file that costs little: the picture can be used in spite of it.
public struct ImageDamage: Hashable, Sendable, CustomStringConvertible {
  /// The effect on the picture.
  public enum Effect: Hashable, Sendable {
    /// All pixels are as encoded.
    case none
    /// Some or all of these rows could not be decoded, and are gray (128) where they could not.
    ///
    /// Rows are counted before the EXIF orientation is applied.
    case gray(Range<Int>)
    /// These rows, at least, are without the detail of a progressive JPEG's later scans.
    case coarse(Range<Int>)
    /// Data in the middle are damaged: rows behind an unknown one are shifted, in wrong colours or gray.
    case wrong
  }

  /// The error as which the damage is reported where it is not tolerated.
  public let error: ImageError
  /// The effect on the picture.
  public let effect: Effect

  /// The file, its problem and the effect, in one line.
  public var description: String {
    let advice = "; get the file again from its source"
    let problem = error.problem.hasSuffix(advice) ? String(error.problem.dropLast(advice.count)) : error.problem
    return "\(problem); it is used all the same: \(consequence)"
  }

  private var consequence: String {
    switch effect {
    case .none: return "no pixel is lost"
    case .gray(let rows): return "rows \(rows.lowerBound) to \(rows.upperBound - 1) are gray where they are missing"
    case .coarse(let rows): return "rows \(rows.lowerBound) to \(rows.upperBound - 1) are without their detail"
    case .wrong: return "the rows behind the damage may be shifted, in wrong colours or gray"
    }
  }
}

/// A picture, with the damage to its file that was tolerated.
public struct RecoveredImage: Sendable {
  /// The picture; pixels that could not be decoded are gray.
  public let image: Image
  /// The damage; empty for a file without any.
  public let damage: [ImageDamage]
}

extension ImageFile {
  /// Reads an image from a file or a pipe, as far as it can be decoded.
  ///
  /// Tolerated are
  /// - a JPEG without its end marker, and one whose data end or are damaged behind its first rows: the pixels are those
  ///   of libjpeg-turbo, which are gray (128) where data are missing;
  /// - a PNG without `IEND`, and wrong checksums and lengths of chunks that change no pixel (`tEXt`, `iCCP`, `tIME`,
  ///   `eXIf` and all other ancillary ones but `tRNS`).
  ///
  /// - Parameters:
  ///   - path: a regular file, or anything that can be read to its end, such as `/dev/stdin`.
  ///   - name: the image's name in messages; the path by default.
  /// - Throws: `ImageError`, with the name, for all other damage.
  /// - Complexity: O(bytes + pixels); memory for the file and for one or two copies of the image.
  public static func recover(
    path: String, name: String? = nil, limits: Limits = .standard
  ) throws(ImageError) -> RecoveredImage {
    let name = name ?? path
    let bytes = try CodecBridge.contents(of: path, limit: limits.fileBytes, name: name)
    return try recover(bytes: bytes, name: name, limits: limits)
  }

  /// Decodes an image from the bytes of its file, as far as it can be decoded; tolerant as `recover(path:)` is.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`.
  /// - Complexity: O(bytes + pixels).
  public static func recover(
    bytes: [UInt8], name: String = "the data", limits: Limits = .standard
  ) throws(ImageError) -> RecoveredImage { try recover(bytes: bytes.span, name: name, limits: limits) }

  /// Decodes an image from the bytes of its file in place, as far as it can be decoded; tolerant as `recover(path:)` is.
  ///
  /// - Parameter name: the image's name in messages.
  /// - Throws: `ImageError`, with `name`.
  /// - Complexity: O(bytes + pixels).
  public static func recover(
    bytes: Span<UInt8>, name: String = "the data", limits: Limits = .standard
  ) throws(ImageError) -> RecoveredImage {
    var damage: [ImageDamage]? = []
    let image = try decode(bytes, name, limits, damage: &damage)
    return RecoveredImage(image: image, damage: damage ?? [])
  }
}

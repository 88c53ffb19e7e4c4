@_exported import Files

/// The failure to read or write an image.
public enum ImageError: RemediedError, Hashable {
  /// The encoder refused the image, for example because of a side that is too large.
  case cannotEncode(file: String, format: ImageFormat, reason: String)
  /// The operating system refused to open or read the file.
  case cannotRead(file: String, reason: String)
  /// The operating system refused to write the file, or the file exists already.
  case cannotWrite(FileError)
  /// The bytes contradict the format; `offset` is the decoder's position.
  case damaged(file: String, format: ImageFormat, offset: Int, reason: String)
  /// The file or the data has no bytes.
  case empty(file: String)
  /// The path is a folder, where a picture is expected.
  case isDirectory(file: String)
  /// The image exceeds a limit; `found` is its own value, or `Int.max` if that is too large to count.
  case limit(file: String, limit: Limits.Name, allowed: Int, found: Int)
  /// A PNG that is not a mask: neither palette nor gray of up to 8 bits.
  case notMask(file: String, found: String)
  /// The system has no memory for the picture.
  case outOfMemory(file: String)
  /// The file ends at `offset`, where `expected` should follow.
  case truncated(file: String, format: ImageFormat, offset: Int, expected: String)
  /// No image format known by name.
  case unknownFormat(file: String, found: String)
  /// A known format, or a known kind of one that is read, that is not supported.
  case unsupported(file: String, found: String)

  /// The file and the problem in words, with advice.
  public var problem: String {
    switch self {
    case .cannotEncode(let file, let format, let reason):
      return "\(file.onOneLine): cannot be made a \(format.rawValue): \(reason); use a smaller picture"
    case .cannotWrite(let error): return error.problem
    case .cannotRead(let file, let reason):
      return "\(file.onOneLine): cannot read the file: \(reason); check the path and its permissions"
    case .damaged(let file, let format, let offset, let reason):
      return
        "\(file.onOneLine): damaged \(format.rawValue) at byte \(offset): \(reason); get the file again from its source"
    case .empty(let file):
      return
        "\(file.onOneLine): is empty: it ends at byte 0, expected a \(ImageFormat.all) picture; get the file again from its source"
    case .isDirectory(let file):
      return "\(file.onOneLine): is a directory, expected a \(ImageFormat.all) picture; name the files in it"
    case .limit(let file, let limit, let allowed, let found):
      return "\(file.onOneLine): \(LimitExcess(limit: limit, allowed: allowed, found: found).problem)"
    case .notMask(let file, let found):
      return
        "\(file.onOneLine): is \(found), expected a mask: a PNG with a palette or gray of at most 8 bits; save it as one"
    case .outOfMemory(let file):
      return "\(file.onOneLine): no memory for the picture; use a smaller one"
    case .truncated(let file, let format, let offset, let expected):
      return "\(file.onOneLine): truncated \(format.rawValue): the file ends at byte \(offset), expected \(expected); "
        + "get the file again from its source"
    case .unknownFormat(let file, let found):
      return "\(file.onOneLine): is no picture: \(found), expected a \(ImageFormat.all); name a picture file"
    case .unsupported(let file, let found):
      let command = ImageFormat.conversion(of: found, file: file).map { ": \($0)" } ?? ""
      return
        "\(file.onOneLine): is \(found), expected an ordinary \(ImageFormat.all); convert it to one of them\(command)"
    }
  }

  /// Raising the limit that was exceeded; `nil` for the other errors.
  public var remedy: Remedy? {
    switch self {
    case .cannotWrite(let error): return error.remedy
    case .limit(_, let limit, _, _): return .raise(limit)
    default: return nil
    }
  }

  /// The file's path, or the name given to the image.
  public var file: String {
    switch self {
    case .cannotWrite(let error): return error.path
    case .cannotEncode(let file, _, _), .cannotRead(let file, _), .damaged(let file, _, _, _), .empty(let file),
      .isDirectory(let file),
      .limit(let file, _, _, _), .notMask(let file, _), .outOfMemory(let file), .truncated(let file, _, _, _),
      .unknownFormat(let file, _), .unsupported(let file, _):
      return file
    }
  }
}

extension ImageError {
  /// Checks a header's size against the limits.
  static func check(_ width: Int, _ height: Int, _ limits: Limits, file: String) throws(ImageError) {
    guard let excess = limits.excess(width: width, height: height) else { return }
    throw .limit(file: file, limit: excess.limit, allowed: excess.allowed, found: excess.found)
  }
}

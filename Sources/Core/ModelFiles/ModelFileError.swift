@_exported import Files

/// An error of opening or writing a model file.
public enum ModelFileError: RemediedError, Equatable {
  /// The card is missing, of another format, or contradicts itself.
  case card(path: String, reason: String)
  /// The file could not be opened or written.
  case file(FileError)
  /// The file exceeds a limit; `offset` is in bytes from its beginning.
  case limit(path: String, offset: Int, LimitExcess)
  /// The file is not a valid safetensors file; `offset` is in bytes from its beginning.
  case malformed(path: String, offset: Int, reason: String)
  /// A NaN, infinite or denormal value.
  case notNormal(path: String, name: String, index: Int, value: String)
  /// A tensor of an unusable type or shape, or in a wrong place of the file.
  case tensor(path: String, name: String, reason: String)
  /// A value beyond the range of its storage format.
  case tooLarge(path: String, name: String, index: Int, value: String)

  /// The problem in one line, whatever the tensor names in the file.
  public var problem: String { text.onOneLine }

  /// Importing the checkpoint for a card at fault, or raising the limit that was exceeded; `nil` for the other errors.
  public var remedy: Remedy? {
    switch self {
    case .card: return .importCheckpoint
    case .file(let error): return error.remedy
    case .limit(_, _, let excess): return excess.remedy
    case .malformed, .notNormal, .tensor, .tooLarge: return nil
    }
  }

  private var text: String {
    switch self {
    case .card(let path, let reason): return "\(path): \(reason)"
    case .file(let error): return error.problem
    case .limit(let path, let offset, let excess): return "\(path): at byte \(offset): \(excess.problem)"
    case .malformed(let path, let offset, let reason):
      return "\(path): \(reason) (at byte \(offset)); the file is damaged or no model file, get it again"
    case .notNormal(let path, let name, let index, let value):
      return "\(path): the tensor \(name) holds \(value) at index \(index); import the checkpoint again"
    case .tensor(let path, let name, let reason):
      return "\(path): the tensor \(name) \(reason); the file is damaged, get it again"
    case .tooLarge(let path, let name, let index, let value):
      return
        "\(path): the tensor \(name) holds \(value) at index \(index), beyond the \(HalfPrecision.greatest) of fp16; "
        + "keep the model in fp32"
    }
  }
}

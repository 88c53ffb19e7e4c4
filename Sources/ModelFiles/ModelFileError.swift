@_exported import Files

/// Why a model file could not be opened or written.
public enum ModelFileError: RemediedError, Equatable {
  /// The card is missing, of another format, or contradicts itself.
  case card(path: String, reason: String)
  case file(FileError)
  /// The file asks for more than allowed; `offset` is in bytes from its beginning.
  case limit(path: String, offset: Int, LimitExcess)
  /// The file is no safetensors file, or a broken one; `offset` is in bytes from its beginning.
  case malformed(path: String, offset: Int, reason: String)
  /// A value that no network computes with: NaN, an infinity, or a denormal.
  case notNormal(path: String, name: String, index: Int, value: String)
  case tensor(path: String, name: String, reason: String)
  /// A value beyond the largest one of the format that it is to be stored in.
  case tooLarge(path: String, name: String, index: Int, value: String)

  /// One line, whatever names the file gives its tensors.
  public var problem: String { text.onOneLine }

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

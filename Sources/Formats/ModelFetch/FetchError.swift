import Checkpoints
@_exported import Files
import ModelFiles

/// The failure to fetch a model.
public enum FetchError: RemediedError, Equatable {
  /// The file could not be imported as a checkpoint.
  case checkpoint(CheckpointError)
  /// The download failed; `reason` is the downloader's last message.
  case download(model: String, source: String, reason: String)
  /// A file or a folder could not be read or written.
  case file(FileError)
  /// None of the programs for the download is installed.
  case noProgram(model: String, tried: [String], remedy: String)
  /// The model could not be installed.
  case store(ModelStoreError)
  /// None of `KnownModel.all` has that name.
  case unknownModel(name: String)
  /// The file's digest is not the pinned one.
  case wrongDigest(path: String, expected: String, found: String)

  /// The model or the file and the problem, in words.
  public var problem: String {
    switch self {
    case .checkpoint(let error): return error.problem
    case .download(let model, let source, let reason):
      return
        "\(model): cannot get \(source): \(reason); check the connection"
    case .file(let error): return error.problem
    case .noProgram(let model, let tried, let remedy):
      return
        "\(model): needs \(tried.joined(separator: " or ")) to be fetched; \(remedy)"
    case .store(let error): return error.problem
    case .unknownModel(let name):
      let known = KnownModel.all.map(\.name).joined(separator: ", ")
      return "\(name): no known model to fetch; known are \(known)"
    case .wrongDigest(let path, let expected, let found):
      return "\(path): has the SHA-256 \(found), expected \(expected); it is not the published file, get that one"
    }
  }

  /// Fetching from a file that was got in another way, importing a checkpoint for an unknown name, or the inner error's
  /// remedy.
  public var remedy: Remedy? {
    switch self {
    case .checkpoint(let error): return error.remedy
    case .file(let error): return error.remedy
    case .store(let error): return error.remedy
    case .download(let model, _, _), .noProgram(let model, _, _): return .fetchFromFile(model)
    case .unknownModel: return .importCheckpoint
    case .wrongDigest: return nil
    }
  }
}

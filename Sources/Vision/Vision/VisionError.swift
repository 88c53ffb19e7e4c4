import Backbone
import Files
import ModelFiles

/// An error of preparing or running a model.
public enum VisionError: RemediedError, Equatable {
  /// The network can't be built or run.
  case backbone(BackboneError, file: String)
  /// A card without a usable network or preprocessing, or a specialist without a class of the main model.
  case unsuitable(file: String, reason: String)
  /// A head without its backbone, opened without its base model.
  case withoutBase(file: String, base: String)
  /// The model is for another task than the expected one.
  case wrongTask(expected: ModelCard.Task, found: ModelCard.Task, file: String)

  init(_ error: BackboneError, file: String) { self = .backbone(error, file: file) }

  /// Refuses cards with numbers that a network can't be built from.
  static func check(_ model: ModelFile) throws(VisionError) {
    if let fault = model.card.fault { throw .unsuitable(file: model.path, reason: fault) }
  }

  /// The file and the problem in words, with advice where there is any.
  public var problem: String {
    switch self {
    case .backbone(.weights(let error), _): return error.description
    case .backbone(let error, let file): return "\(file): \(error.description)"
    case .unsuitable(let file, let reason): return "\(file): \(reason); import the checkpoint again"
    case .withoutBase(let file, let base):
      return "\(file): is a head on the backbone of \(base); open it by a store in which that model is installed"
    case .wrongTask(let expected, let found, let file):
      return
        "\(file): the model's task is \(found.rawValue), expected \(expected.rawValue)"
    }
  }

  /// Another model for a wrong task; `nil` for the other errors.
  public var remedy: Remedy? { if case .wrongTask = self { .otherModel } else { nil } }
}

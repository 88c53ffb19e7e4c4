import ModelFiles

/// Why a model could not be used.
public enum VisionError: Error, Equatable, CustomStringConvertible {
  case wrongTask(expected: ModelCard.Task, found: ModelCard.Task, file: String)
  case unsuitable(file: String, reason: String)
  case weights(WeightsError)

  public var description: String {
    switch self {
    case .wrongTask(let expected, let found, let file):
      return "\(file): the model's task is \(found.rawValue), expected \(expected.rawValue); choose another with --model"
    case .unsuitable(let file, let reason): return "\(file): \(reason); import the checkpoint again"
    case .weights(let error): return error.description
    }
  }
}

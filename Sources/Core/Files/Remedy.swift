/// The remedy for an error, as a value.
///
/// Each program words it with its own commands and flags.
public enum Remedy: Hashable, Sendable, CustomStringConvertible {
  /// A higher limit, for a file that is trusted.
  case raise(Limits.Name)
  /// Making the model file from its checkpoint.
  case importCheckpoint
  /// Naming a classifier's classes, instead of the file beside its checkpoint that does not fit.
  case nameClasses
  /// Naming one of several files as the data set.
  case nameFile([String])
  /// Getting one of the known models of these names.
  case fetch([String])
  /// Getting a known model's file in another way, and fetching the model from there.
  case fetchFromFile(String)
  /// Writing a model that is part of the program to a file.
  case writeShipped(String)
  /// Another model, one for the task.
  case otherModel
  /// Fewer samples a step.
  case smallerBatch
  /// Fewer variants, a smaller input, or a higher limit for the feature cache.
  case smallerCache
  /// Training from its beginning instead of a checkpoint of other settings.
  case trainAnew

  /// The library's wording.
  public var description: String {
    switch self {
    case .raise(let name): return "raise Limits.\(name.rawValue) if you trust the file"
    case .importCheckpoint: return "make the file by importing the checkpoint"
    case .nameClasses: return "name the classes, or move the file away"
    case .nameFile(let files):
      return "open the one that is meant\(files.first.map { ", such as \($0.onOneLine)" } ?? "")"
    case .fetch(let names): return "fetch " + names.joined(separator: " or ")
    case .fetchFromFile(let name): return "get the file elsewhere and fetch \(name) from it"
    case .writeShipped(let name): return "\(name) is part of the program; write it to a file"
    case .otherModel: return "choose a model for the task"
    case .smallerBatch: return "add pictures or choose a smaller batch"
    case .smallerCache: return "choose fewer variants or a smaller input, or let the cache be larger"
    case .trainAnew: return "go on with the settings that it began with, or begin anew"
    }
  }
}

/// An error of the libraries, with its problem as a text and, where a command or flag of a program helps, its remedy as
/// a value.
public protocol RemediedError: Error, CustomStringConvertible {
  /// The problem and its place: the file, the offset, the expected and the actual value.
  var problem: String { get }
  /// The remedy; `nil` where the problem's text implies it.
  var remedy: Remedy? { get }
}

extension RemediedError {
  /// The problem, and behind a semicolon the remedy in the library's wording, where there is one.
  public var description: String { remedy.map { "\(problem); \($0)" } ?? problem }
}

@_exported import Files
import ModelFiles

/// The failure to import a checkpoint.
public enum CheckpointError: RemediedError, Equatable {
  /// A configuration file beside the checkpoint has names for other outputs than the checkpoint's.
  case classNames(path: String, found: String, outputs: Int, checkpoint: String)
  /// An operation of the file's graph differs from the network recognised by the names.
  case convention(path: String, layer: String, expected: String, found: String)
  /// The checkpoint, or a configuration file beside it, could not be read.
  case file(FileError)
  /// The file exceeds a limit; `offset` is in bytes from its beginning.
  case limit(path: String, offset: Int, LimitExcess)
  /// The bytes do not follow the format; `offset` is in bytes from the beginning of the file, if known.
  case malformed(path: String, offset: Int?, reason: String)
  /// The names are a known family's, but some are missing, left over or of other shapes.
  case mismatch(path: String, family: String, missing: [String], leftOver: [String], wrongShape: [String])
  /// A value is NaN, infinite or an impossible variance, or becomes so by folding; `index` counts the tensor's
  /// elements.
  case notFinite(path: String, name: String, index: Int, value: String)
  /// The names of the tensors are those of no known family.
  case unknownFamily(path: String, tensors: [String])
  /// A format, a network or a way of storing it that is not imported, for the reason given.
  case unsupported(path: String, reason: String)

  /// The message on one line, whatever characters the file's tensor names have.
  public var problem: String { text.onOneLine }

  /// Naming the classes, or raising the limit that was exceeded; `nil` for the other errors.
  public var remedy: Remedy? {
    switch self {
    case .classNames: return .nameClasses
    case .file(let error): return error.remedy
    case .limit(_, _, let excess): return excess.remedy
    default: return nil
    }
  }

  private var text: String {
    switch self {
    case .classNames(let path, let found, let outputs, let checkpoint):
      return "\(path): \(found), expected names for the \(outputs) outputs of \(checkpoint)"
    case .convention(let path, let layer, let expected, let found):
      return "\(path): \(layer) has \(found), expected \(expected); this graph is a variant that cannot be imported"
    case .file(let error): return error.problem
    case .limit(let path, let offset, let excess): return "\(path): at byte \(offset): \(excess.problem)"
    case .malformed(let path, let offset, let reason):
      let place = offset.map { " (at byte \($0))" } ?? ""
      return "\(path): \(reason)\(place); the file is damaged or of another format, get it again"
    case .mismatch(let path, let family, let missing, let leftOver, let wrongShape):
      let lists = [("missing", missing), ("left over", leftOver), ("wrong shape", wrongShape)]
      let parts = lists.filter { !$0.1.isEmpty }.map { CheckpointError.list($0.0, $0.1) }
      return "\(path): is no complete \(family) checkpoint: \(parts.joined(separator: "; ")); "
        + "use a checkpoint of an unchanged network"
    case .notFinite(let path, let name, let index, let value):
      return "\(path): the tensor \(name) holds \(value) at index \(index); use an undamaged checkpoint"
    case .unknownFamily(let path, let tensors):
      let found = tensors.isEmpty ? "no tensors" : CheckpointError.list("tensors", tensors)
      return "\(path): holds \(found), which are no known family's names; known are "
        + Family.allCases.map(\.rawValue).joined(separator: ", ")
    case .unsupported(let path, let reason): return "\(path): \(reason)"
    }
  }

  /// The maximum number of names in a message.
  static let listed = 20

  private static func list(_ title: String, _ names: [String]) -> String {
    let rest = names.count - listed
    let shown = names.prefix(listed).map { $0.utf8.count > 200 ? "\($0.prefix(200))…" : $0 }
    return "\(names.count) \(title): " + shown.joined(separator: ", ")
      + (rest > 0 ? " and \(rest) more" : "")
  }
}

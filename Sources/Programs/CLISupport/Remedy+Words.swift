import Files
import ModelFiles

extension Remedy {
  /// The remedy in terms of the command line.
  public var told: String {
    switch self {
    case .raise(let name): return "raise \(name.flag) if you trust the file"
    case .importCheckpoint: return "make the file with `backbone import`"
    case .nameClasses: return "give them with --labels, or move it away"
    case .nameFile(let files): return "name the one that is meant, such as --data \(files.first?.onOneLine ?? "FILE")"
    case .fetch(let names):
      let commands = names.map { "`backbone models fetch \($0)`" }
      return names.count == 1
        ? "get it with \(commands[0])"
        : "get one with \(commands.joined(separator: " or ")), or give the path of a .safetensors file"
    case .fetchFromFile(let name):
      return "get the file elsewhere and use `backbone models fetch \(name) --from FILE`"
    case .writeShipped(let name):
      return "it is part of the program, `backbone models convert \(name) --out FILE` writes it to a file"
    case .otherModel: return "choose another with --model"
    case .smallerBatch: return "add pictures or ask for a smaller --batch"
    case .smallerCache: return "ask for fewer variants, a smaller input, or raise --cache-limit"
    case .trainAnew: return "go on with the settings that it began with, or begin anew without --resume"
    }
  }
}

extension Limits.Name {
  /// The flag of the limit: `--max-` and the property's name, its words separated by hyphens.
  public var flag: String {
    "--max-" + rawValue.map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
  }
}

/// An error's message in terms of the command line.
public func told(_ error: any Error) -> String {
  guard let error = error as? any RemediedError, let remedy = error.remedy else { return "\(error)" }
  return "\(error.problem); \(remedy.told)"
}

import Files
import ModelFiles

/// The class names in the configuration file of Hugging Face and timm beside a checkpoint.
///
/// The weights have no class names, and the number of outputs does not identify a data set.
enum ConfigNames {
  private static let name = "config.json"

  /// The names by output: `id2label`, an object of numbers and names, or `label_names`, a list.
  ///
  /// - Returns: `nil` where there is no such file, it names nothing, or the names are the placeholders `LABEL_0`,
  ///   `LABEL_1`, ….
  /// - Throws: `CheckpointError` for a file that is no JSON, or that names outputs which the classifier does not have.
  static func read(
    beside checkpoint: String, _ family: Family, outputs: Int, _ limits: Limits
  ) throws(CheckpointError) -> [Int: String]? {
    guard family == .huggingFace || family == .timm else { return nil }
    let folder = checkpoint.lastIndex(of: "/").map { String(checkpoint[...$0]) } ?? ""
    let path = folder + name
    guard !Folder.stamp(path).isEmpty else { return nil }
    let file: MappedFile
    do throws(FileError) { file = try MappedFile(path: path, .textBytes, of: limits) } catch { throw .file(error) }
    let json: StrictJSON
    do throws(JSONError) {
      json = try StrictJSON.parse(file.array(at: 0, count: file.count) ?? [], depth: limits.nesting)
    } catch { throw .malformed(path: path, offset: error.offset, reason: "is no proper JSON: \(error.reason)") }
    func wrong(_ found: String) -> CheckpointError {
      .classNames(path: path, found: found, outputs: outputs, checkpoint: checkpoint)
    }
    var names: [Int: String] = [:]
    switch (json["id2label"], json["label_names"]) {
    case (.object(let members)?, _):
      for member in members {
        guard let output = Int(member.key), (0..<outputs).contains(output), case .string(let name) = member.value else {
          throw wrong("has the key \(member.key) under id2label")
        }
        names[output] = name
      }
    case (_, .array(let values)?):
      guard values.count == outputs else { throw wrong("has \(values.count) names under label_names") }
      for (output, value) in values.enumerated() { if case .string(let name) = value { names[output] = name } }
    default: return nil
    }
    let isPlaceholder = names.allSatisfy { $0.value == "LABEL_\($0.key)" }
    return isPlaceholder ? nil : names
  }
}

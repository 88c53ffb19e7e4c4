import ArgumentParser
import Files
import ModelFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the model that `--model` means.
///
/// A value with a `/` in it or with the extension `.safetensors` is a path, any other is the name of an installed model.
public enum ModelChoice {
  /// The model that finds things where none is named.
  public static let detector = "person-ssdlite"

  /// The model that outlines things where none is named.
  public static let segmenter = "deeplab-voc"

  /// Whether a text can name a model: letters, digits, `.`, `_` and `-`, not beginning with `.` or `-`.
  public static func isName(_ text: String) -> Bool {
    text.utf8.allSatisfy {
      Character(Unicode.Scalar($0)).isLetter || Character(Unicode.Scalar($0)).isNumber
        || [0x2d, 0x2e, 0x5f].contains($0)
    }
  }

  public static func installedPath(of name: String) -> String { "\(folder)/\(name).safetensors" }

  /// Opens a model by name or path.
  ///
  /// - Throws: `Failure` with status `model`; for a name it lists what there is and the command that gets one.
  public static func open(_ value: String) throws(Failure) -> ModelFile {
    let path = isPath(value) ? value : "\(folder)/\(value).safetensors"
    if !isPath(value), unsafe access(path, F_OK) != 0 { throw Failure(.model, "no model is named \(value)") }
    do { return try ModelFile.open(path: path) } catch { throw Failure(.model, error.description) }
  }

  /// Whether a value names a file rather than an installed model.
  static func isPath(_ value: String) -> Bool { value.contains("/") || value.hasSuffix(".safetensors") }

  private static var folder: String {
    for (variable, rest) in [
      ("BACKBONE_MODELS", ""), ("XDG_DATA_HOME", "/backbone/models"), ("HOME", "/.local/share/backbone/models"),
    ] {
      if let value = unsafe getenv(variable) {
        let text = unsafe String(cString: value)
        if !text.isEmpty { return text + rest }
      }
    }
    return "."
  }
}

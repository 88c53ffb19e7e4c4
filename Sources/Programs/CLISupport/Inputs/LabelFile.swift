import Files

/// A text file with a class name on each line.
public enum LabelFile {
  /// The names, in the file's order.
  ///
  /// - Throws: `Failure` with status `usage` for a file that cannot be read, is not UTF-8 or has no names.
  public static func read(_ path: String, _ limits: LimitOptions) throws(Failure) -> [String] {
    let file: MappedFile
    do { file = try MappedFile(path: path, .textBytes, of: limits.limits) } catch {
      throw Failure(.usage, told(error))
    }
    guard let text = file.array(at: 0, count: file.count).flatMap({ String(validating: $0, as: UTF8.self) }) else {
      throw Failure(.usage, "\(path): is not UTF-8 text; save the class names as UTF-8, one a line")
    }
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    guard !lines.isEmpty else { throw Failure(.usage, "\(path): holds no class name; write one a line") }
    return lines
  }

  /// The failure for a wrong number of names.
  public static func wrongCount(_ names: [String], expected: Int, file: String) -> Failure {
    Failure(.usage, "\(file): has \(names.count) class names, expected \(expected); write one a line")
  }
}

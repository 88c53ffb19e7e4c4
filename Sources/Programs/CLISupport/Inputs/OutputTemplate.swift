import Files

/// The names of outputs as a text with fields: `out/{dir}/{stem}.png`.
struct OutputTemplate: Sendable {
  private enum Field: String, CaseIterable {
    /// The folders below the given folder, or those of a file that was named itself.
    case dir
    /// The file's name without its extension.
    case stem
    /// The file's name.
    case name
    /// The file's extension without its dot.
    case ext
  }

  private enum Part: Sendable {
    case text(String)
    case field(Field)
  }

  private let parts: [Part]

  /// - Throws: `Failure` with status `usage` for a field that does not exist or has no end.
  init(_ text: String, flag: String) throws(Failure) {
    var parts: [Part] = []
    var rest = text[...]
    while let begin = rest.firstIndex(of: "{") {
      parts.append(.text(String(rest[..<begin])))
      let end = rest[begin...].firstIndex(of: "}")
      guard let end, let field = Field(rawValue: String(rest[rest.index(after: begin)..<end])) else {
        let found = String(rest[begin...(end ?? rest.index(before: rest.endIndex))])
        let fields = Field.allCases.map { "{\($0.rawValue)}" }.joined(separator: ", ")
        throw Failure(.usage, "\(flag) \(text): \(found) is no field of a name; the fields are \(fields)")
      }
      parts.append(.field(field))
      rest = rest[rest.index(after: end)...]
    }
    parts.append(.text(String(rest)))
    self.parts = parts
  }

  /// The name of an input's output.
  func path(of index: Int, in inputs: PictureInputs) -> String {
    var path = ""
    /// Whether the slash in front of the next text follows an empty field.
    var hasEmptyFolder = false
    for part in parts {
      switch part {
      case .text(let text):
        path += hasEmptyFolder && text.hasPrefix("/") ? String(text.dropFirst()) : text
        hasEmptyFolder = false
      case .field(.dir):
        let folder = inputs.folder(index)
        path += folder
        hasEmptyFolder = folder.isEmpty && (path.isEmpty || path.hasSuffix("/"))
      case .field(.stem): path += inputs.stem(index)
      case .field(.name): path += inputs.fileName(index)
      case .field(.ext): path += FilePlace.fileExtension(of: inputs.fileName(index))
      }
    }
    return path
  }
}

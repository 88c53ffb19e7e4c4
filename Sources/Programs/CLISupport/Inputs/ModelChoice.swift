import Files
import Models

/// The choice of models by name or path.
///
/// A value with a `/` in it or with the extension `.safetensors` is a path. Any other value is the name of an installed
/// model.
public enum ModelChoice {
  /// The default detector.
  public static let detector = Detector.standardNames[0]

  /// The default specialists: detectors that are better for some classes and replace the default detector's detections
  /// of these.
  public static let specialists = Array(Detector.standardNames.dropFirst())

  /// The default base for training detectors of small objects: distant people are small too.
  public static let smallThings = ShippedModel.people.name

  /// The default segmentation model.
  public static let segmenter = Segmenter.standardName

  /// The store of installed and shipped models.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func store(_ limits: Limits = .standard) throws(Failure) -> ModelStore {
    do { return try ModelStore.user(shipped: ShippedModel.all, limits: limits) } catch {
      throw Failure(.model, told(error))
    }
  }

  /// Opens a model by name or path.
  ///
  /// - Throws: `Failure` with status `model`. For an unknown name it lists the installed models and the command that
  ///   fetches one.
  public static func open(_ value: String, _ limits: LimitOptions) throws(Failure) -> ModelFile {
    do { return try ModelStore.standard(limits: limits.limits).open(value) } catch {
      throw Failure(.model, told(error))
    }
  }

  /// The card of a shipped model.
  ///
  /// - Throws: `Failure` with status `model`.
  public static func card(of shipped: ShippedModel) throws(Failure) -> ModelCard {
    do { return try shipped.card() } catch { throw Failure(.model, told(error)) }
  }
}

extension ExitStatus {
  /// The status of a failure to read or write a model file.
  public init(_ error: FileError) {
    switch error {
    case .alreadyExists, .cannotWrite: self = .output
    case .cannotOpen, .isDirectory, .limit, .notRegular: self = .model
    }
  }

  /// The status of a failure to write a model file.
  public init(writing error: ModelFileError) {
    if case .file = error { self = .output } else { self = .model }
  }

  /// The status of a failure to install a model.
  public init(installing error: ModelStoreError) {
    switch error {
    case .file: self = .output
    case .model(let error): self = ExitStatus(writing: error)
    case .changed, .missingBase, .noRecord, .noFolder, .notInstalled, .otherBase: self = .model
    }
  }
}

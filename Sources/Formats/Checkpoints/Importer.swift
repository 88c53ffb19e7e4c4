import Files
import ModelFiles
import Tensors

/// The user's properties of a checkpoint, which replace the file's.
public struct ImportOverrides: Hashable, Sendable {
  /// The model's name; `nil` for a known file's own name, or else the file's name.
  public var name: String?
  /// The origin of the weights; without it that of a known file, else the file's name.
  public var origin: String?
  /// An SPDX identifier.
  public var licence: String?
  /// Class names in the order of the outputs, without a detector's background.
  public var classes: [String]?
  /// Width and height of the network's input, in pixels; without it that of the file, else the family's usual one.
  public var inputSize: Int?
  /// The output stride, 8, 16 or 32; only for files that do not record it.
  public var outputStride: Int?
  /// The fit of an image to the input; `centreCrop` only if it is the family's own.
  public var fit: InputCard.Fit?

  /// Creates overrides; `nil` leaves a value to the file and its family.
  public init(
    name: String? = nil, origin: String? = nil, licence: String? = nil, classes: [String]? = nil, inputSize: Int? = nil,
    outputStride: Int? = nil, fit: InputCard.Fit? = nil
  ) {
    self.name = name
    self.origin = origin
    self.licence = licence
    self.classes = classes
    self.inputSize = inputSize
    self.outputStride = outputStride
    self.fit = fit
  }
}

/// A checkpoint in native form, in memory.
public struct ImportedModel: Sendable {
  /// The conventions of the model.
  public let card: ModelCard
  /// The tensors with batch norm folded, in the native layouts.
  public let weights: Weights
  /// What became of the checkpoint's tensors.
  public let summary: ImportSummary
}

/// The use of a checkpoint's tensors.
public struct ImportSummary: Hashable, Sendable {
  /// The recognised family of checkpoints.
  public let family: Family
  /// The number of parameters of the native file: batch norm folded, biases included.
  public let parameters: Int
  /// The number of foreign tensors that the native ones were made of.
  public let used: Int
  /// The names of foreign tensors that no network needs, for example an optimiser's slots.
  public let ignored: [String]
  /// The number of denormal values that were set to zero.
  public let flushed: Int
}

/// The import of foreign checkpoints: only tensors are read, nothing in a file is ever executed.
public enum Importer {
  /// Reads a checkpoint of any known family, folds batch norm and builds a card for the result.
  ///
  /// - Throws: `CheckpointError`; for tensors that are missing, left over or of the wrong shape, with a list of them.
  /// - Complexity: O(size of the file).
  public static func importCheckpoint(
    path: String, overrides: ImportOverrides = ImportOverrides(), limits: Limits = .standard
  ) throws(CheckpointError) -> ImportedModel {
    let file: MappedFile
    do { file = try MappedFile(path: path, .modelBytes, of: limits) } catch { throw .file(error) }
    return try importCheckpoint(file, overrides: overrides, limits: limits)
  }

  /// Reads a mapped checkpoint.
  ///
  /// - Throws: `CheckpointError`.
  package static func importCheckpoint(
    _ file: MappedFile, overrides: ImportOverrides = ImportOverrides(), limits: Limits = .standard
  ) throws(CheckpointError) -> ImportedModel {
    var draft: Draft
    switch FileFormat.of(file) {
    case .graphDef: draft = try GraphEnding.draft(file, limits)
    case .tfLite: draft = try TFLiteImport.draft(file, limits)
    case .safetensors: draft = try SafetensorsImport.draft(file, limits)
    case .foreign(let reason): throw .unsupported(path: file.path, reason: reason)
    case .unknown:
      throw .unsupported(
        path: file.path,
        reason: "at byte 0 it is neither a TensorFlow frozen graph, a TensorFlow Lite model nor safetensors; "
          + "convert it to safetensors")
    }
    try draft.assembly.check()
    let product = try draft.assembly.assemble()
    if overrides.classes == nil, let outputs = draft.classifierOutputs {
      draft.classNames = try ConfigNames.read(beside: file.path, draft.family, outputs: outputs, limits)
    }
    let digest = SHA256.hexDigest(of: file)
    let card = CardBuilder(draft: draft, path: file.path, sha256: digest, overrides: overrides).card
    if let fault = card.fault { throw .unsupported(path: file.path, reason: "gives no usable model: \(fault)") }
    return ImportedModel(
      card: card, weights: Weights(source: file.path, tensors: product.tensors),
      summary: ImportSummary(
        family: draft.family, parameters: product.tensors.values.reduce(0) { $0 + $1.values.count },
        used: product.used.count, ignored: product.ignored, flushed: product.flushed))
  }
}

/// The result of a format's reader: the recipes and the network's properties.
struct Draft {
  let family: Family
  let plan: BackbonePlan
  let hasLast: Bool
  let classifierOutputs: Int?
  let detectionOutputs: Int?
  let segmentationOutputs: Int?
  let assembly: Assembly
  /// The properties in the file; `nil` for the family's defaults.
  var outputStride: Int?
  var inputSize: Int?
  var padding: Padding?
  /// The classifier's class names by output.
  var classNames: [Int: String]?
  var detection = DetectionFacts()
  var segmentation = SegmentationFacts()

  init(_ recognition: Recognition) {
    family = recognition.family
    plan = recognition.plan
    hasLast = recognition.hasLast
    classifierOutputs = recognition.classifierOutputs
    detectionOutputs = recognition.detectionOutputs
    segmentationOutputs = recognition.segmentationOutputs
    assembly = recognition.assembly
  }
}

/// The format of a file, recognised by its first bytes.
enum FileFormat {
  case graphDef
  case safetensors
  case tfLite
  /// A known format that is not supported, and the remedy.
  case foreign(String)
  case unknown

  static func of(_ file: MappedFile) -> FileFormat {
    // A shorter file cannot contain a network.
    let head = file.array(at: 0, count: min(file.count, 16)) ?? []
    func begins(_ bytes: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: bytes) }
    if begins(Array("TFL3".utf8), at: 4) { return .tfLite }
    if begins([UInt8(ascii: "{")], at: 8) { return .safetensors }
    if begins([0x50, 0x4b, 0x03, 0x04]) || begins([0x80, 0x02]) {
      return .foreign("is a PyTorch pickle or a zip archive; save the weights as safetensors and import that")
    }
    if begins([0x89, 0x48, 0x44, 0x46]) {
      return .foreign(
        "is an HDF5 file; save the weights as safetensors, under names such as conv1/kernel, and import that")
    }
    if begins([0x1f, 0x8b]) { return .foreign("is compressed; unpack it and import the file inside") }
    if begins([0x0a]) { return .graphDef }
    return .unknown
  }
}

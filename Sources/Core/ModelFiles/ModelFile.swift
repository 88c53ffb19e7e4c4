import Files
import Tensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A model in the native format: the card and the weights of one safetensors file, mapped, not copied.
///
/// The tensors are fp32 or fp16 with batch norm folded; the card is JSON under `card` in the file's metadata.
public struct ModelFile: Sendable {
  /// The file's path, or the name of bytes in memory.
  public let path: String
  /// The model's conventions.
  public let card: ModelCard
  /// The tensors, with those of the base where the file was opened together with it.
  public let weights: Weights
  /// The base model of the card, where a store with that model opened the file.
  public var base: ModelFile? { baseFile.first }
  /// At most one base, in an array, since a value can't contain itself.
  private let baseFile: [ModelFile]

  /// Creates a model from its parts, which are not checked.
  public init(path: String, card: ModelCard, weights: Weights, base: ModelFile? = nil) {
    self.path = path
    self.card = card
    self.weights = weights
    baseFile = base.map { [$0] } ?? []
  }

  /// A head's file joined with its base model.
  ///
  /// - Parameter base: a model with every tensor that the card names.
  package func joined(with base: ModelFile) -> ModelFile {
    ModelFile(
      path: path, card: card, weights: weights.joined(with: base.weights, tensors: card.base?.tensors ?? []),
      base: base)
  }

  /// The same model with a square input of another size, which trades time for detail.
  ///
  /// Segmenters, classifiers and backbones run at any size. A detector does not, since its default boxes were trained
  /// for its own size.
  ///
  /// - Parameter size: pixels a side, 33 to 16,384, and for pictures at most 8,192.
  /// - Throws: `ModelFileError.card` for a detector, or for an invalid size.
  public func resized(to size: Int) throws(ModelFileError) -> ModelFile {
    guard card.detection == nil else {
      throw .card(path: path, reason: "is a detector, whose input has one size")
    }
    var card = card
    (card.input.width, card.input.height) = (size, size)
    if let shortest = card.input.resizeShortest { card.input.resizeShortest = max(shortest, size) }
    if let fault = card.fault { throw .card(path: path, reason: fault) }
    return ModelFile(path: path, card: card, weights: weights, base: base)
  }

  /// Maps a model file and checks all of it before use.
  ///
  /// - Throws: `ModelFileError`, naming the file and the tensor or byte at fault.
  /// - Complexity: O(size of the file), one pass over the values.
  public static func open(path: String, limits: Limits = .standard) throws(ModelFileError) -> ModelFile {
    let file: MappedFile
    do { file = try MappedFile(path: path, .modelBytes, of: limits) } catch { throw .file(error) }
    return try read(file, limits)
  }

  /// Opens a model from the bytes of its file, which may be untrusted, and checks all of it.
  ///
  /// - Parameter name: its name in messages.
  /// - Throws: `ModelFileError`, naming `name` and the tensor or byte at fault.
  /// - Complexity: O(bytes); they are copied once.
  public static func open(
    bytes: [UInt8], name: String, limits: Limits = .standard
  ) throws(ModelFileError) -> ModelFile {
    let file: MappedFile
    do { file = try MappedFile(path: name, copying: bytes) } catch { throw .file(error) }
    return try read(file, limits)
  }

  /// Writes the model to a file, whole or not at all, as `write(card:weights:to:precision:replacing:)` does.
  public func write(
    to path: String, precision: WeightPrecision = .fp32, replacing: Bool = true
  ) throws(ModelFileError) {
    let (card, weights) = stored(as: precision)
    try ModelFile.write(card: card, weights: weights, to: path, precision: precision, replacing: replacing)
  }

  /// Checks a mapped model file and uses its tensors in place.
  ///
  /// - Throws: `ModelFileError`.
  package static func read(_ file: MappedFile, _ limits: Limits = .standard) throws(ModelFileError) -> ModelFile {
    let header = try Safetensors(file, limits)
    guard let text = header.metadata["card"] else {
      throw .card(path: file.path, reason: "has no model card, so it is no model of this program")
    }
    let card = try ModelCard(json: Array(text.utf8), path: file.path)
    guard header.dataOffset % 4 == 0 else {
      throw .malformed(path: file.path, offset: header.dataOffset, reason: "has values that are not aligned to 4 bytes")
    }
    var entries: [String: Weights.Entry] = [:]
    for (name, tensor) in header.tensors.sorted(by: { $0.key < $1.key }) {
      guard let precision = WeightPrecision(tensor.type) else {
        throw .tensor(path: file.path, name: name, reason: "holds \(tensor.type.rawValue), expected F32 or F16")
      }
      guard let count = Shape.elementCount(of: tensor.shape), count > 0 else {
        throw .tensor(path: file.path, name: name, reason: "has the unusable shape \(tensor.shape)")
      }
      let place = tensor.begin - header.dataOffset
      guard place % precision.size == 0 else {
        throw .tensor(
          path: file.path, name: name, reason: "begins at byte \(tensor.begin), which is not aligned to its values")
      }
      entries[name] = Weights.Entry(shape: tensor.shape, offset: place / precision.size, precision: precision)
    }
    let weights = Weights(file: file, byteOffset: header.dataOffset, entries: entries)
    try checkValues(weights, path: file.path)
    return ModelFile(path: file.path, card: card, weights: weights)
  }

  /// Writes a model file, whole or not at all.
  ///
  /// The same card and weights give the same bytes.
  ///
  /// - Parameter precision: the storage format of all tensors; values are rounded to nearest, ties to even.
  /// - Throws: `ModelFileError`, `.tooLarge` for a value that the format cannot hold; a file that was there before is
  ///   then untouched.
  /// - Complexity: O(size of the weights).
  public static func write(
    card: ModelCard, weights: Weights, to path: String, precision: WeightPrecision = .fp32, replacing: Bool = true
  ) throws(ModelFileError) {
    let header = try headerBytes(card: card, weights: weights, precision, path: path)
    do throws(FileError) {
      try AtomicFile.write(to: path, replacing: replacing) { (sink: inout FileSink) throws(FileError) in
        try sink.append(header)
        for name in weights.entries.keys.sorted() {
          try weights.withBytes(name, precision) { (bytes: RawSpan) throws(FileError) in try sink.append(bytes) }
        }
      }
    } catch { throw .file(error) }
  }

  /// The bytes of the model's file, for `open(bytes:name:)`.
  ///
  /// - Parameter precision: the storage format of all tensors; values are rounded to nearest, ties to even.
  /// - Throws: `ModelFileError`, `.tooLarge` for a value that the format cannot hold.
  /// - Complexity: O(size of the weights).
  public func data(precision: WeightPrecision = .fp32) throws(ModelFileError) -> [UInt8] {
    let (card, weights) = stored(as: precision)
    var data = try ModelFile.headerBytes(card: card, weights: weights, precision, path: path)
    for name in weights.entries.keys.sorted() {
      weights.withBytes(name, precision) { data.append($0) }
    }
    return data
  }

  /// The card and the tensors of this model's file in another precision.
  ///
  /// A head stays without its base's tensors, and its base is rounded to the same precision.
  package func stored(as precision: WeightPrecision) -> (card: ModelCard, weights: Weights) {
    var card = card
    if let base, let tensors = card.base?.tensors {
      card.base?.checksum = base.weights.checksum(of: tensors, storedAs: precision)
    }
    return (card, weights.own)
  }

  /// The card and the tensors without those of another model, which becomes the base.
  ///
  /// - Parameter base: a whole model, stored in the same precision.
  /// - Returns: `nil` where the two have no tensor in common.
  /// - Complexity: O(elements).
  package func stored(as precision: WeightPrecision, on base: ModelFile) -> (card: ModelCard, weights: Weights)? {
    let (own, other) = (weights, base.weights)
    let apart = own.entries.filter { name, entry in
      entry.shape != other.entries[name]?.shape
        || own.checksum(of: [name], storedAs: precision) != other.checksum(of: [name], storedAs: precision)
    }
    let common = own.entries.keys.filter { apart[$0] == nil }.sorted()
    guard !common.isEmpty else { return nil }
    var card = card
    card.base = BaseModel(
      name: base.card.name, tensors: common, checksum: other.checksum(of: common, storedAs: precision))
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for (name, entry) in apart {
      tensors[name] = own.withValues(name) { values in (entry.shape, values.indices.map { values[$0] }) }
    }
    return (card, Weights(source: own.source, tensors: tensors))
  }

  /// Whether this model is the base of a head, or the fp32 model that the head's base was rounded from.
  func fits(_ base: BaseModel) -> Bool {
    base.tensors.allSatisfy(weights.contains)
      && WeightPrecision.allCases.contains {
        weights.checksum(of: base.tensors, storedAs: $0) == base.checksum
      }
  }

  /// The bytes before the values, after a check of the whole content.
  private static func headerBytes(
    card: ModelCard, weights: Weights, _ precision: WeightPrecision, path: String
  ) throws(ModelFileError) -> [UInt8] {
    if let fault = card.fault { throw .card(path: path, reason: fault) }
    try checkValues(weights, path: path)
    if precision == .fp16 { try checkRange(weights, path: path) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text: String
    do { text = String(decoding: try encoder.encode(card), as: UTF8.self) } catch {
      throw .card(path: path, reason: "the card cannot be written as JSON: \(error)")
    }
    return try Safetensors.header(
      metadata: ["card": text],
      tensors: weights.entries.keys.sorted().map {
        .init(name: $0, type: precision.elementType, shape: weights.entries[$0]!.shape)
      }, path: path
    )
  }

  private static func checkValues(_ weights: Weights, path: String) throws(ModelFileError) {
    for (name, _) in weights.entries.sorted(by: { $0.value.byteOffset < $1.value.byteOffset }) {
      guard let (index, value) = weights.firstAbnormalValue(of: name) else { continue }
      throw .notNormal(path: path, name: name, index: index, value: value)
    }
  }

  /// Refuses values that would become infinite as fp16.
  private static func checkRange(_ weights: Weights, path: String) throws(ModelFileError) {
    for name in weights.entries.keys.sorted() {
      try weights.withValues(name) { (values: Span<Float>) throws(ModelFileError) in
        for i in values.indices where HalfPrecision.rounded(values[i]) & 0x7fff == 0x7c00 {
          throw .tooLarge(path: path, name: name, index: i, value: "\(values[i])")
        }
      }
    }
  }
}

extension Weights {
  /// The values of a tensor as bytes of a file of that precision.
  fileprivate func withBytes<E: Error>(
    _ name: String, _ precision: WeightPrecision, _ body: (RawSpan) throws(E) -> Void
  ) throws(E) {
    try withValues(name) { (values: Span<Float>) throws(E) in
      switch precision {
      case .fp32: try values.withBytes(body)
      case .fp16: try HalfPrecision.bytes(of: values).withBytes(body)
      }
    }
  }
}

/// The first value that is NaN, infinite or denormal, as text.
package func firstAbnormal(_ values: Span<Float>) -> (index: Int, value: String)? {
  var start = 0
  while start < values.count {
    // Whole blocks without branches and bounds checks, so that the compiler vectorises them.
    let block = values.extracting(start..<min(start + 4096, values.count))
    var abnormal: Int32 = 0
    for i in block.indices {
      let magnitude = Int32(truncatingIfNeeded: block[i].bitPattern & 0x7fff_ffff)
      // Normal numbers are 0x0080_0000 ... 0x7f7f_ffff; zero is the one exception. A sign bit marks a number outside.
      let below = (magnitude &- 0x0080_0000) & (magnitude == 0 ? 0 : -1)
      abnormal |= below | (0x7f7f_ffff &- magnitude)
    }
    if abnormal < 0 {
      for i in block.indices where !block[i].isNormal && !block[i].isZero { return (start + i, "\(block[i])") }
    }
    start += block.count
  }
  return nil
}

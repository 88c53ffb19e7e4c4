import Files
import Tensors

/// A mismatch of a network and its weights.
public enum WeightsError: Error, Equatable, CustomStringConvertible {
  /// The network has a tensor that the weights lack.
  case missing(name: String, source: String)
  /// A tensor has another shape than in the network.
  case wrongShape(name: String, expected: [Int], found: [Int], source: String)

  /// The source, the tensor and the problem, in words.
  public var description: String {
    switch self {
    case .missing(let name, let source):
      return "\(source): the tensor \(name) is missing; import the checkpoint again, or use a model with this head"
    case .wrongShape(let name, let expected, let found, let source):
      return
        "\(source): the tensor \(name) has shape \(found), expected \(expected); the card does not describe these weights"
    }
  }
}

/// Named tensors with batch norm folded, in the kernels' layouts, between a file and a network.
///
/// Layouts: a convolution is `[kernel height, kernel width, input channels, output channels]`, a depthwise one `[kernel
/// height, kernel width, channels]`, a pointwise one `[input channels, output channels]`, a bias `[channels]`. Values
/// are read as fp32. They lie in a mapped file or in one allocation, or are generated on demand. Values stored as fp16
/// are widened at each reading.
@safe public final class Weights: @unchecked Sendable {
  /// The location of a tensor.
  public struct Entry: Hashable, Sendable {
    /// The extents, in the layouts of `Weights`.
    public let shape: [Int]
    /// The offset of its first element in the values, in elements of its own size.
    public let offset: Int
    /// The storage format of its elements.
    public let precision: WeightPrecision

    /// Creates the location of a tensor; the offset is in elements.
    public init(shape: [Int], offset: Int, precision: WeightPrecision = .fp32) {
      self.shape = shape
      self.offset = offset
      self.precision = precision
    }

    /// Elements.
    public var count: Int { shape.reduce(1, *) }

    /// The offset of its first element in the values, in bytes.
    package var byteOffset: Int { offset * precision.size }
  }

  /// The file or generator that they come from, for messages.
  public let source: String
  /// The locations of the tensors by their names.
  public let entries: [String: Entry]
  private let storage: Storage

  @safe private enum Storage {
    case memory(UnsafeRawBufferPointer, owner: AnyObject)
    case made((Entry) -> [Float])
    /// Two others; names missing in the first are the second's.
    case joined(Weights, Weights)
    /// Two others; names with that prefix are the second's.
    case prefixed(Weights, Weights, prefix: String)
  }

  /// Copies tensors into one aligned allocation.
  ///
  /// - Complexity: O(elements).
  public init(source: String, tensors: [String: (shape: [Int], values: [Float])]) {
    var entries: [String: Entry] = [:]
    var total = 0
    for name in tensors.keys.sorted() {
      let tensor = tensors[name]!
      let count = Shape.elementCount(of: tensor.shape)
      precondition(count == tensor.values.count, "\(name): \(tensor.values.count) values for shape \(tensor.shape)")
      entries[name] = Entry(shape: tensor.shape, offset: total)
      total += (tensor.values.count + 15) / 16 * 16
    }
    let block = Block(count: total)
    for (name, entry) in entries {
      let source = tensors[name]!.values
      for i in source.indices { unsafe block.values[entry.offset + i] = source[i] }
    }
    self.source = source
    self.entries = entries
    storage = unsafe .memory(UnsafeRawBufferPointer(block.values), owner: block)
  }

  /// Generates each tensor on demand, so that all of them never exist at once.
  ///
  /// - Parameters:
  ///   - parameters: names and shapes; offsets follow in their order.
  ///   - make: generates the elements of a tensor, the same each time.
  package init(
    source: String, making parameters: [(name: String, shape: [Int])], _ make: @escaping @Sendable (Entry) -> [Float]
  ) {
    var entries: [String: Entry] = [:]
    var total = 0
    for (name, shape) in parameters {
      let entry = Entry(shape: shape, offset: total)
      entries[name] = entry
      total += entry.count
    }
    self.source = source
    self.entries = entries
    storage = .made(make)
  }

  /// The first's tensors, and the named ones of the second where the first has none of that name.
  init(source: String, first: Weights, second: Weights, tensors: Set<String>) {
    self.source = source
    entries = first.entries.merging(second.entries.filter { tensors.contains($0.key) }) { own, _ in own }
    storage = .joined(first, second)
  }

  /// The tensors of both, the second's under names with a prefix.
  package init(_ first: Weights, and second: Weights, prefix: String) {
    source = first.source
    let renamed = second.entries.map { (prefix + $0.key, $0.value) }
    entries = first.entries.merging(renamed) { own, _ in own }
    storage = .prefixed(first, second, prefix: prefix)
  }

  /// The tensors of a mapped file, used in place.
  ///
  /// - Parameters:
  ///   - file: the mapping, kept alive by this object.
  ///   - byteOffset: the offset of the values in the file, a multiple of 4.
  ///   - entries: the tensors' locations within the file. Others trap, so a reader checks them first.
  package init(file: MappedFile, byteOffset: Int, entries: [String: Entry]) {
    precondition(byteOffset % 4 == 0 && byteOffset <= file.count, "values at byte \(byteOffset) of \(file.count)")
    for (name, entry) in entries {
      let count = Shape.elementCount(of: entry.shape)
      let available = (file.count - byteOffset) / entry.precision.size
      precondition(count != nil && entry.offset >= 0 && count! <= available - entry.offset, "\(name) leaves the file")
    }
    source = file.path
    self.entries = entries
    storage = unsafe .memory(UnsafeRawBufferPointer(rebasing: file.bytes[byteOffset...]), owner: file)
  }

  /// Reads the tensor of that name and exactly that shape.
  ///
  /// - Throws: `WeightsError.missing` or `.wrongShape`.
  public func withTensor<R>(_ name: String, shape: [Int], _ body: (Span<Float>) -> R) throws(WeightsError) -> R {
    guard let entry = entries[name] else { throw .missing(name: name, source: source) }
    guard entry.shape == shape else {
      throw .wrongShape(name: name, expected: shape, found: entry.shape, source: source)
    }
    return read(name, entry, body)
  }

  /// A copy of the tensor of that name and exactly that shape.
  ///
  /// - Throws: `WeightsError.missing` or `.wrongShape`.
  public func values(_ name: String, shape: [Int]) throws(WeightsError) -> [Float] {
    try withTensor(name, shape: shape) { span in unsafe span.withUnsafeBufferPointer { unsafe Array($0) } }
  }

  /// Reads an existing tensor in the order of its shape; traps where it does not exist.
  package func withValues<R, E: Error>(_ name: String, _ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
    guard let entry = entries[name] else { preconditionFailure("no tensor \(name) in \(source)") }
    return try read(name, entry, body)
  }

  private func read<R, E: Error>(_ name: String, _ entry: Entry, _ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
    switch storage {
    case .joined(let first, let second): return try (first.contains(name) ? first : second).withValues(name, body)
    case .prefixed(let first, let second, let prefix):
      return try name.hasPrefix(prefix)
        ? second.withValues(String(name.dropFirst(prefix.count)), body) : first.withValues(name, body)
    case .memory(let bytes, _):
      switch entry.precision {
      case .fp32: return try unsafe body(Weights.elements(bytes, entry, as: Float.self).span)
      case .fp16: return try body(unsafe Weights.widened(Weights.elements(bytes, entry, as: UInt16.self)).span)
      }
    case .made(let make): return try body(make(entry).span)
    }
  }

  private static func elements<T>(
    _ bytes: UnsafeRawBufferPointer, _ entry: Entry, as type: T.Type
  ) -> UnsafeBufferPointer<T> {
    let part = entry.byteOffset..<entry.byteOffset + entry.count * MemoryLayout<T>.size
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[part]).bindMemory(to: T.self)
  }

  private static func widened(_ halves: UnsafeBufferPointer<UInt16>) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: halves.count) { values, count in
      for i in 0..<halves.count { unsafe values[i] = HalfPrecision.widened(halves[i]) }
      count = halves.count
    }
  }

  /// The first value of a tensor that is NaN, infinite or an fp32 denormal.
  ///
  /// - Complexity: O(elements); fp16 values are checked as stored.
  func firstAbnormalValue(of name: String) -> (index: Int, value: String)? {
    if case .memory(let bytes, _) = storage, let entry = entries[name], entry.precision == .fp16 {
      return HalfPrecision.firstAbnormal(unsafe Weights.elements(bytes, entry, as: UInt16.self).span)
    }
    return withValues(name, firstAbnormal)
  }

  /// The address of a tensor's first element; `nil` where its values are generated.
  func address(of name: String) -> UInt? {
    switch storage {
    case .joined(let first, let second): (first.contains(name) ? first : second).address(of: name)
    case .memory(let bytes, _):
      entries[name].map { entry in UInt(bitPattern: bytes.baseAddress) + UInt(entry.byteOffset) }
    case .prefixed(let first, let second, let prefix):
      name.hasPrefix(prefix) ? second.address(of: String(name.dropFirst(prefix.count))) : first.address(of: name)
    case .made: nil
    }
  }

  /// The tensors of the file itself, without joined ones.
  package var own: Weights { if case .joined(let first, _) = storage { first } else { self } }

  /// Returns the memory of a mapped file's values to the system.
  ///
  /// Reading them again reloads them.
  package func releasePages() {
    switch storage {
    case .memory(_, let owner):
      guard let file = owner as? MappedFile else { return }
      file.release(0..<file.count)
    case .joined(let first, let second), .prefixed(let first, let second, _):
      first.releasePages()
      second.releasePages()
    case .made: break
    }
  }

  /// Whether there is a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The memory of the copied tensors.
  @safe private final class Block {
    let values: UnsafeMutableBufferPointer<Float>

    init(count: Int) {
      let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: Tensor.alignment)
      unsafe values = UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: count), count: count)
      unsafe values.initialize(repeating: 0)
    }

    deinit { unsafe values.baseAddress?.deallocate() }
  }
}

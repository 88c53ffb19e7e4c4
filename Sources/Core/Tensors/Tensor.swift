/// A dense fp32 tensor `[N, H, W, C]` that owns its memory: one 64-byte aligned allocation of fixed size.
///
/// A tensor is unique: it is moved, not copied, and its memory is freed at the end of its owner's lifetime.
@safe public struct Tensor: ~Copyable, @unchecked Sendable {
  /// Where a tensor's memory begins: a multiple of a cache line and of the widest vector.
  package static let alignment = 64

  /// The extents, fixed for the tensor's life.
  public let shape: Shape
  private let storage: UnsafeMutableBufferPointer<Float>

  /// Creates a tensor of zeros.
  ///
  /// - Complexity: O(`shape.count`).
  public init(zeros shape: Shape) {
    self.shape = shape
    unsafe storage = Tensor.allocate(shape.count)
    unsafe storage.initialize(repeating: 0)
  }

  /// Creates a tensor with the values in NHWC order; their number must be `shape.count`.
  public init(_ shape: Shape, _ values: [Float]) {
    precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
    self.shape = shape
    unsafe storage = Tensor.allocate(shape.count)
    _ = unsafe storage.initialize(fromContentsOf: values)
  }

  /// Creates a tensor with undefined elements, for kernels that write all of them before they are read.
  @unsafe package init(undefined shape: Shape) {
    self.shape = shape
    unsafe storage = Tensor.allocate(shape.count)
  }

  private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
    // The size is rounded up to whole vectors, so that a kernel may load the last one in full.
    let bytes = (count * MemoryLayout<Float>.stride + alignment - 1) / alignment * alignment
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
    return unsafe UnsafeMutableBufferPointer(start: raw.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit { unsafe storage.baseAddress!.deallocate() }

  /// Reads the elements in NHWC order.
  public borrowing func withSpan<R: ~Copyable, E: Error>(_ body: (Span<Float>) throws(E) -> R) throws(E) -> R {
    try unsafe body(UnsafeBufferPointer(storage).span)
  }

  /// Changes the elements in NHWC order.
  public mutating func withMutableSpan<R: ~Copyable, E: Error>(_ body: (inout MutableSpan<Float>) throws(E) -> R)
    throws(E) -> R
  {
    var span = unsafe storage.mutableSpan
    return try body(&span)
  }

  /// The tensor's memory, for kernels; valid during the tensor's lifetime.
  @unsafe package borrowing func withUnsafeElements<R: ~Copyable, E: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(storage)
  }

  /// A copy of the elements in NHWC order.
  ///
  /// - Complexity: O(`shape.count`).
  public borrowing func values() -> [Float] { unsafe Array(storage) }
}

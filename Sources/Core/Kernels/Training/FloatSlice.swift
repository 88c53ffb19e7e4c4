import CKernels
import Tensors

/// A slice of a shared allocation of floats: the maps, gradients and parameters of training.
@safe package struct FloatSlice: Sendable {
  package let memory: AlignedMemory
  package let offset: Int
  package let count: Int

  package init(_ memory: AlignedMemory, offset: Int = 0, count: Int? = nil) {
    let count = count ?? memory.count - offset
    precondition(offset >= 0 && count >= 0 && offset + count <= memory.count, "\(count) floats at \(offset)")
    self.memory = memory
    self.offset = offset
    self.count = count
  }

  /// A new slice of zeros.
  package init(zeros count: Int) {
    self.init(AlignedMemory(floats: count), count: count)
    clear()
  }

  /// A new slice with a copy of values.
  package init(_ values: [Float]) {
    self.init(AlignedMemory(values.span))
  }

  /// A part of the slice, in the same memory.
  package func part(_ offset: Int, _ count: Int) -> FloatSlice {
    precondition(
      offset >= 0 && count >= 0 && offset + count <= self.count, "\(count) floats at \(offset) of \(self.count)")
    return FloatSlice(memory, offset: self.offset + offset, count: count)
  }

  @unsafe package var base: UnsafeMutablePointer<Float> { unsafe memory.base + offset }

  package func clear() { unsafe base.update(repeating: 0, count: count) }

  package func set(_ values: [Float]) {
    precondition(values.count == count, "\(values.count) values for \(count)")
    unsafe values.withUnsafeBufferPointer { unsafe base.update(from: $0.baseAddress!, count: count) }
  }

  package func set(_ values: Span<Float>) {
    precondition(values.count == count, "\(values.count) values for \(count)")
    unsafe values.withUnsafeBufferPointer { unsafe base.update(from: $0.baseAddress!, count: count) }
  }

  package func copy(from other: FloatSlice) {
    precondition(other.count == count, "\(other.count) floats for \(count)")
    unsafe base.update(from: other.base, count: count)
  }

  /// A copy of the values.
  package var values: [Float] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

  package subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "float \(index) of \(count)")
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "float \(index) of \(count)")
      unsafe base[index] = newValue
    }
  }
}

/// The forward and backward passes of training on the SIMD kernels.
///
/// Every sum runs in an order that depends on the shapes alone, so the results are the same bits for any number of
/// threads.
@safe package struct TrainingKernels: Sendable {
  package let session: Session

  package init(_ session: Session) { self.session = session }

  var pool: WorkerPool { session.pool }
  var kernels: KernelSet { session.kernels }

  /// Rows of a chunk.
  ///
  /// Each chunk is summed by itself, then the chunks' sums are added.
  static let chunk = 256

  /// Divides `0 ..< count` into ranges of at most `grain`, and runs `body` for each on some thread.
  func ranges(_ count: Int, grain: Int, _ body: (_ index: Int, _ range: Range<Int>) -> Void) {
    let tasks = (count + grain - 1) / grain
    pool.run(tasks) { task, _ in body(task, task * grain..<min((task + 1) * grain, count)) }
  }

  /// The sums of all chunks of rows, added in the order of the chunks.
  ///
  /// - Parameter body: adds a chunk's sums to `width` zeros.
  func chunkedSums(rows: Int, width: Int, _ body: (_ rows: Range<Int>, _ sums: UnsafeMutablePointer<Float>) -> Void)
    -> [Double]
  {
    let chunks = (rows + TrainingKernels.chunk - 1) / TrainingKernels.chunk
    let partial = FloatSlice(zeros: chunks * width)
    ranges(rows, grain: TrainingKernels.chunk) { index, range in unsafe body(range, partial.base + index * width) }
    var sums = [Double](repeating: 0, count: width)
    for index in 0..<chunks {
      for i in 0..<width { unsafe sums[i] += Double(partial.base[index * width + i]) }
    }
    return sums
  }
}

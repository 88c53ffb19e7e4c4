import CKernels
import Tensors

/// One aligned allocation, shared by reference: packed weights or a workspace.
@safe package final class AlignedMemory: @unchecked Sendable {
  /// Bytes.
  package let size: Int
  package let raw: UnsafeMutableRawPointer
  /// The same memory as floats.
  package let base: UnsafeMutablePointer<Float>

  /// Memory of `size` bytes; its contents are undefined until written.
  ///
  /// - Parameter filled: whether all of it is about to be written. Its pages are then populated at once, in two thirds
  ///   of the time that page faults one by one take.
  package init(bytes size: Int, filled: Bool = true) {
    self.size = size
    let whole = (max(size, 1) + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
    unsafe raw = .allocate(byteCount: whole, alignment: Tensor.alignment)
    unsafe base = raw.bindMemory(to: Float.self, capacity: whole / MemoryLayout<Float>.stride)
    if filled && whole >= 1 << 14 { unsafe ck_prepare_pages(raw, whole) }
  }

  /// Memory for `count` floats.
  package convenience init(floats count: Int, filled: Bool = true) {
    self.init(bytes: count * MemoryLayout<Float>.stride, filled: filled)
  }

  /// A copy of some floats.
  convenience init(_ floats: Span<Float>) {
    self.init(floats: floats.count)
    unsafe floats.withUnsafeBufferPointer { unsafe raw.copyMemory(from: $0.baseAddress!, byteCount: size) }
  }

  /// The capacity in floats.
  package var count: Int { size / MemoryLayout<Float>.stride }

  deinit { unsafe raw.deallocate() }
}

import CKernels
import Tensors

/// Floats in one aligned allocation that its owner shares: packed weights and workspaces.
@safe package final class AlignedFloats: @unchecked Sendable {
  package let count: Int
  package let base: UnsafeMutablePointer<Float>

  /// Memory of that size; its contents are undefined until written.
  ///
  /// - Parameter filled: whether all of it is about to be written: then its pages are made ready at once, which takes two
  ///   thirds of the time that touching fresh ones takes.
  package init(count: Int, filled: Bool = true) {
    self.count = count
    let bytes = (max(count, 1) * 4 + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Tensor.alignment)
    unsafe base = raw.bindMemory(to: Float.self, capacity: count)
    if filled && bytes >= 1 << 14 { unsafe ck_prepare_pages(raw, bytes) }
  }

  deinit { unsafe base.deallocate() }
}

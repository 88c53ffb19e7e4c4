import CKernels
import Synchronization
import Tensors

/// Floats in one aligned block that its owner shares: packed weights and workspaces.
///
/// Blocks lie in large pages where the system has them: a network's weights are then there in a few page faults instead of
/// thousands, and its products rarely miss the translation cache.
@safe package final class AlignedFloats: @unchecked Sendable {
  package let count: Int
  package let base: UnsafeMutablePointer<Float>
  private let pages: Pages

  /// Memory of that size for weights, which stay as long as their network; its contents are undefined until written.
  package init(count: Int) {
    self.count = count
    let (pages, offset) = Pages.place(bytes: AlignedFloats.bytes(count))
    self.pages = pages
    unsafe base = (pages.base + offset).bindMemory(to: Float.self, capacity: count)
  }

  /// Memory of that size that is given back alone: a workspace, which comes and goes while networks stay.
  package init(ofItsOwn count: Int) {
    self.count = count
    pages = Pages(bytes: AlignedFloats.bytes(count))
    unsafe base = pages.base.bindMemory(to: Float.self, capacity: count)
  }

  private static func bytes(_ count: Int) -> Int {
    precondition(count >= 0 && count <= Int.max / 8, "\(count) floats")
    return (max(count, 1) * 4 + Tensor.alignment - 1) / Tensor.alignment * Tensor.alignment
  }
}

/// A run of pages, filled from its beginning on and given back when the last block in it has gone.
@safe private final class Pages: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  private let count: Int
  /// Bytes handed out; only changed under the lock of `current`.
  private var used = 0

  init(bytes: Int) {
    guard let base = unsafe ck_map_pages(bytes) else { preconditionFailure("out of memory for \(bytes) bytes") }
    unsafe self.base = base
    count = bytes
  }

  deinit { unsafe ck_unmap_pages(base, count) }

  /// Where the next small block goes; it does not keep the pages alive, only blocks do.
  private struct Current { weak var pages: Pages? }
  private static let current = Mutex(Current())
  private static let capacity = 8 << 20

  /// A place for a block, among others where it is small.
  static func place(bytes: Int) -> (Pages, offset: Int) {
    guard bytes <= capacity / 4 else { return (Pages(bytes: bytes), 0) }
    return current.withLock { current in
      if let pages = current.pages, pages.count - pages.used >= bytes {
        defer { pages.used += bytes }
        return (pages, pages.used)
      }
      let pages = Pages(bytes: capacity)
      pages.used = bytes
      current.pages = pages
      return (pages, 0)
    }
  }
}

/// The clamp behind a convolution.
public enum Activation: Hashable, Sendable {
  /// The value as it is: a linear bottleneck or a prediction.
  case linear
  case relu
  case relu6

  package var bounds: (low: Float, high: Float) {
    switch self {
    case .linear: return (-.infinity, .infinity)
    case .relu: return (0, .infinity)
    case .relu6: return (0, 6)
    }
  }
}

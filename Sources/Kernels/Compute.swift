import Synchronization

/// What computation runs on: a set of kernels, the threads that share the work, and the scratch memory between calls.
public final class Compute: Sendable {
  public let kernels: KernelSet
  public let pool: WorkerPool
  package let workspaces = WorkspaceStore()

  /// - Parameters:
  ///   - threads: workers, or `nil` for as many as this process may use.
  ///   - kernels: the instruction set, the machine's best by default.
  public init(threads: Int? = nil, kernels: KernelSet = .chosen) {
    self.kernels = kernels
    pool = WorkerPool(threads: threads)
  }
}

/// Scratch memory between calls: each call has one block to itself, and a few are kept.
package final class WorkspaceStore: Sendable {
  private let free = Mutex<[AlignedFloats]>([])

  init() {}

  /// A block of at least that many floats.
  package func take(_ count: Int) -> AlignedFloats {
    let found: AlignedFloats? = free.withLock { free in
      if let index = free.firstIndex(where: { $0.count >= count }) { return free.remove(at: index) }
      // Larger ones are about to be needed: let a small one go instead of keeping both.
      if !free.isEmpty { free.removeLast() }
      return nil
    }
    return found ?? AlignedFloats(count: count, filled: false)
  }

  /// Hands a block back.
  package func give(_ block: AlignedFloats) {
    free.withLock { free in if free.count < 8 { free.append(block) } }
  }
}

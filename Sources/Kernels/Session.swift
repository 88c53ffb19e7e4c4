import Synchronization

/// What computation runs on: a set of kernels, the threads that share the work, and the scratch memory between calls.
public final class Session: Sendable {
  public let kernels: KernelSet
  public let pool: WorkerPool
  package let workspaces = WorkspaceStore()
  private let calls = CallQueue()

  /// - Parameters:
  ///   - threads: workers, or `nil` for as many as this process may use; below 1 counts as 1.
  ///   - kernels: the instruction set, the machine's best by default.
  public init(threads: Int? = nil, kernels: KernelSet = .chosen) {
    self.kernels = kernels
    pool = WorkerPool(threads: threads)
  }

  /// Runs `body` on a thread of this object's own, for callers that are Swift tasks.
  ///
  /// While they wait they hold no thread of Swift's cooperative pool, so that all other tasks go on.
  ///
  /// Calls run one after another, in the order in which they came, each on all workers. For calls at the same time use
  /// several `Session` objects. The asynchronous forms of `features`, `detect` and `segment` run through here; a head of
  /// one's own does too with `try await session.run { head(try backbone.features(of: input, taps: head.taps)) }`.
  ///
  /// - Throws: what `body` throws; `CancellationError` when the task is cancelled before `body` has begun, which then
  ///   never runs and is released at once. A body that has begun runs to its end.
  public func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await calls.run(body)
  }
}

/// Scratch memory between calls: each call has one block to itself, and a few are kept.
package final class WorkspaceStore: Sendable {
  private let free = Mutex<[AlignedMemory]>([])

  init() {}

  /// A block of at least that many floats.
  package func take(_ count: Int) -> AlignedMemory { take(bytes: count * MemoryLayout<Float>.stride) }

  /// A block of at least that many bytes.
  package func take(bytes: Int) -> AlignedMemory {
    let found: AlignedMemory? = free.withLock { free in
      if let index = free.firstIndex(where: { $0.size >= bytes }) { return free.remove(at: index) }
      // Larger ones are about to be needed: let a small one go instead of keeping both.
      if !free.isEmpty { free.removeLast() }
      return nil
    }
    return found ?? AlignedMemory(bytes: bytes, filled: false)
  }

  /// Hands a block back.
  package func give(_ block: AlignedMemory) {
    free.withLock { free in if free.count < 8 { free.append(block) } }
  }
}

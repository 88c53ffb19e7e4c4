import Synchronization

/// The resources of computation: a set of kernels, a pool of threads, and scratch memory kept between calls.
public final class Session: Sendable {
  /// The kernels of the session's instruction set.
  public let kernels: KernelSet
  /// The threads that compute, shared by all calls on the session.
  public let pool: WorkerPool
  package let workspaces = WorkspaceStore()
  private let calls = CallQueue()

  /// Creates a session with a pool of threads.
  ///
  /// - Parameters:
  ///   - threads: the number of threads, or `nil` for as many as this process may use, at most 64; below 1 counts as 1.
  ///   - kernels: the instruction set, the machine's best by default.
  public init(threads: Int? = nil, kernels: KernelSet = .chosen) {
    self.kernels = kernels
    pool = WorkerPool(threads: threads)
  }

  /// Runs `body` on a thread of the session, for callers that are Swift tasks.
  ///
  /// A waiting task holds no thread of Swift's cooperative pool, so all other tasks go on.
  ///
  /// Calls run one after another in the order of arrival, each on all workers. Concurrent calls need several `Session`
  /// objects. The asynchronous forms of `features`, `detect` and `segment` run through here. A custom head does too
  /// with `try await session.run { head(try backbone.features(of: input, taps: head.taps)) }`.
  ///
  /// - Throws: what `body` throws; `CancellationError` when the task is cancelled before `body` has begun. `body` then
  ///   never runs and is released at once. A body that has begun runs to its end.
  public func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await calls.run(body)
  }
}

/// A store of scratch memory.
///
/// Each call has one block to itself, and a few blocks are kept between calls.
package final class WorkspaceStore: Sendable {
  private let free = Mutex<[AlignedMemory]>([])

  init() {}

  /// A block of at least `count` floats.
  package func take(_ count: Int) -> AlignedMemory { take(bytes: count * MemoryLayout<Float>.stride) }

  /// A block of at least `bytes` bytes.
  package func take(bytes: Int) -> AlignedMemory {
    let found: AlignedMemory? = free.withLock { free in
      if let index = free.firstIndex(where: { $0.size >= bytes }) { return free.remove(at: index) }
      // Larger blocks are needed now: release a small one instead of keeping both.
      if !free.isEmpty { free.removeLast() }
      return nil
    }
    return found ?? AlignedMemory(bytes: bytes, filled: false)
  }

  /// Returns a block to the store.
  package func give(_ block: AlignedMemory) {
    free.withLock { free in if free.count < 8 { free.append(block) } }
  }
}

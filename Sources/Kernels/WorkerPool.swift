import CKernels

/// Threads that share the tasks of one call at a time: awake while a network runs, asleep otherwise.
///
/// A second caller that arrives meanwhile runs its tasks on its own thread, so several callers are always safe.
@safe public final class WorkerPool: @unchecked Sendable {
  private let pool: OpaquePointer

  /// Processors that this process may use: its affinity mask, bounded by the cgroup's quota; at least 1.
  public static var usableProcessors: Int { Int(ck_usable_processors()) }

  /// Starts `threads - 1` workers; the caller is the first. `nil` means as many as there are usable processors.
  public init(threads: Int? = nil) {
    let count = threads ?? min(WorkerPool.usableProcessors, 64)
    precondition((1...1024).contains(count), "a pool of \(count) threads")
    guard let pool = unsafe ck_pool_create(Int32(count)) else { preconditionFailure("out of memory for a pool") }
    unsafe self.pool = pool
  }

  deinit { unsafe ck_pool_destroy(pool) }

  /// Threads that run, the caller included.
  public var threads: Int { unsafe Int(ck_pool_threads(pool)) }

  /// Runs `body(task, worker)` for each task and returns when all have ended.
  ///
  /// `worker` is in `0 ..< threads`, and no two tasks run at once under the same number.
  /// - Complexity: a fork and join takes well under a microsecond while the workers are awake.
  package func run(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    precondition(tasks >= 0 && tasks < 65536, "\(tasks) tasks")
    withoutActuallyEscaping(body) { body in
      var box = Box(body: body)
      unsafe withUnsafeMutablePointer(to: &box) { context in
        unsafe ck_pool_run(
          pool, Int32(tasks),
          { context, task, worker in
            unsafe context.assumingMemoryBound(to: Box.self).pointee.body(Int(task), Int(worker))
          }, context)
      }
    }
  }

  private struct Box { let body: (Int, Int) -> Void }
}

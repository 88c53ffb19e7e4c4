import CKernels

/// A pool of threads that share the tasks of one call at a time, awake while a network runs and asleep otherwise.
///
/// A second caller meanwhile runs its tasks on its own thread, so several callers are always safe. Workers stay off the
/// processor of their caller.
@safe public final class WorkerPool: @unchecked Sendable {
  private let pool: OpaquePointer

  /// Processors that this process may use: its affinity mask, bounded by the cgroup's quota; at least 1.
  public static var usableProcessors: Int { Int(ck_usable_processors()) }

  /// Starts the workers.
  ///
  /// The caller's thread counts as one of `threads`.
  ///
  /// - Parameter threads: the number of threads with the caller, or `nil` for the number of usable processors, at most
  ///   64. Values are bounded to 1 ... 1024.
  public init(threads: Int? = nil) {
    let count = min(max(threads ?? min(WorkerPool.usableProcessors, 64), 1), 1024)
    guard let pool = unsafe ck_pool_create(Int32(count)) else { preconditionFailure("out of memory for a pool") }
    unsafe self.pool = pool
  }

  deinit { unsafe ck_pool_destroy(pool) }

  /// The number of threads, the caller included.
  public var threads: Int { unsafe Int(ck_pool_threads(pool)) }

  /// Runs `body(task, worker)` for each task and returns when all have ended.
  ///
  /// `worker` is in `0 ..< threads`, and no two tasks run at once under the same number. Each thread has a range of the
  /// tasks, the caller the first, so the same tasks tend to run on the same processor. A thread with an empty range
  /// steals unstarted tasks of the others.
  /// - Complexity: a fork and join takes 0.2 to 0.7 microseconds while the workers are awake, less where the processors
  ///   are close to each other. The first one after a pause runs on the caller alone until they are awake.
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

  /// Runs `body` with the workers woken at its beginning and kept awake through its serial parts.
  ///
  /// A worker takes 20 to 60 microseconds to wake up, so begin before a serial part such as preparing the picture. A
  /// worker that waits for more than 5 milliseconds sleeps in any case.
  package func awake<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    begin()
    defer { end() }
    return try body()
  }

  /// The begin and end of `awake`, for callers whose values can't be captured by a closure.
  package func begin() { unsafe ck_pool_begin(pool) }
  package func end() { unsafe ck_pool_end(pool) }

  private struct Box { let body: (Int, Int) -> Void }
}

import CKernels

/// Threads that share the tasks of one call at a time: awake while a network runs, asleep otherwise.
///
/// A second caller that arrives meanwhile runs its tasks on its own thread, so several callers are always safe. Workers
/// keep off the processor that their caller runs on.
@safe public final class WorkerPool: @unchecked Sendable {
  private let pool: OpaquePointer

  /// Processors that this process may use: its affinity mask, bounded by the cgroup's quota; at least 1.
  public static var usableProcessors: Int { Int(ck_usable_processors()) }

  /// Starts workers; the caller is one more.
  ///
  /// - Parameter threads: with the caller, or `nil` for as many as there are usable processors; what lies outside
  ///   1 to 1024 counts as the nearer end.
  public init(threads: Int? = nil) {
    let count = min(max(threads ?? min(WorkerPool.usableProcessors, 64), 1), 1024)
    guard let pool = unsafe ck_pool_create(Int32(count)) else { preconditionFailure("out of memory for a pool") }
    unsafe self.pool = pool
  }

  deinit { unsafe ck_pool_destroy(pool) }

  /// Threads that run, the caller included.
  public var threads: Int { unsafe Int(ck_pool_threads(pool)) }

  /// Runs `body(task, worker)` for each task and returns when all have ended.
  ///
  /// `worker` is in `0 ..< threads`, and no two tasks run at once under the same number. The tasks are dealt out in
  /// ranges, the first to the caller, so the same tasks tend to run on the same processor; who has ended takes what
  /// others have not begun.
  /// - Complexity: a fork and join takes 0.2 to 0.7 microseconds while the workers are awake, the less the nearer the
  ///   processors are to each other; the first one after a pause runs on the caller alone until they are.
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
  /// A worker takes 20 to 60 microseconds to wake up: begin before a part that needs none of them, such as preparing the
  /// picture. A worker that waits for more than 5 milliseconds sleeps in any case.
  package func awake<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    begin()
    defer { end() }
    return try body()
  }

  /// The two ends of `awake`, for callers whose values no closure can hold.
  package func begin() { unsafe ck_pool_begin(pool) }
  package func end() { unsafe ck_pool_end(pool) }

  private struct Box { let body: (Int, Int) -> Void }
}

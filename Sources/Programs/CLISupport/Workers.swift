#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A value shared by several threads, with a mutex and a condition on which they wait.
@safe final class Monitor<Value>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var value: Value

  init(_ value: Value) {
    self.value = value
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(mutex)
    unsafe changed.deallocate()
    unsafe mutex.deallocate()
  }

  /// Waits until the value is ready, changes it under the mutex, and wakes the waiting threads.
  func change<R>(when isReady: (Value) -> Bool = { _ in true }, _ body: (inout Value) -> R) -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while !isReady(value) { unsafe pthread_cond_wait(changed, mutex) }
    defer { unsafe pthread_cond_broadcast(changed) }
    return body(&value)
  }
}

/// Threads that live for the duration of one call.
enum Workers {
  private final class Job {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  /// Runs `work` on additional threads and `body` on the caller's thread, and returns when all have ended.
  ///
  /// Threads that the system cannot create are left out. Without any, `body` must do the work itself.
  ///
  /// - Returns: the value of `body`, whose argument is the number of running threads.
  static func run<R, E: Error>(
    _ count: Int, _ work: () -> Void, beside body: (_ running: Int) throws(E) -> R
  ) throws(E) -> R {
    try withoutActuallyEscaping(work) { (work) throws(E) in
      var threads: [pthread_t] = []
      for _ in 0..<count {
        let job = unsafe Unmanaged.passRetained(Job(work))
        guard let thread = unsafe start(job.toOpaque()) else {
          unsafe job.release()
          break
        }
        threads.append(thread)
      }
      defer { for thread in threads { pthread_join(thread, nil) } }
      return try body(threads.count)
    }
  }

  @unsafe private static func start(_ job: UnsafeMutableRawPointer) -> pthread_t? {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let code = unsafe pthread_create(
      &thread, nil,
      { job in
        #if canImport(Darwin)
          let job: UnsafeMutableRawPointer? = job
        #endif
        unsafe Unmanaged<Job>.fromOpaque(job!).takeRetainedValue().body()
        return nil
      }, job)
    return code == 0 ? thread : nil
  }
}

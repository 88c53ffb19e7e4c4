import Dispatch
import Synchronization

/// A serial queue of blocking calls that Swift tasks await, run on a thread outside the cooperative pool.
final class CallQueue: Sendable {
  // A serial dispatch queue has a thread while it has work, and none otherwise.
  private let queue = DispatchQueue(label: "backbone.calls")

  func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    let call = Call(body)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        if call.wait(with: continuation) { queue.async { call.run() } }
      }
    } onCancel: {
      call.cancel()
    }
  }

  /// One call.
  ///
  /// It is taken out once, by the thread or by a cancellation, and the taker resumes the waiting task.
  private final class Call<R: Sendable>: Sendable {
    private enum State {
      case new(@Sendable () throws -> R)
      case waiting(@Sendable () throws -> R, CheckedContinuation<R, any Error>)
      case cancelled
      case taken
    }

    private let state: Mutex<State>

    init(_ body: @escaping @Sendable () throws -> R) { state = Mutex(.new(body)) }

    /// Lets the task wait; `false` where it was cancelled and need not.
    func wait(with continuation: CheckedContinuation<R, any Error>) -> Bool {
      let isWaiting = state.withLock { state in
        guard case .new(let body) = state else { return false }
        state = .waiting(body, continuation)
        return true
      }
      if !isWaiting { continuation.resume(throwing: CancellationError()) }
      return isWaiting
    }

    func run() {
      guard let (result, continuation) = outcome() else { return }
      continuation.resume(with: result)
    }

    /// The work's result; the work itself is gone when this returns.
    private func outcome() -> (Result<R, any Error>, CheckedContinuation<R, any Error>)? {
      let taken = state.withLock { state -> (@Sendable () throws -> R, CheckedContinuation<R, any Error>)? in
        guard case .waiting(let body, let continuation) = state else { return nil }
        state = .taken
        return (body, continuation)
      }
      guard let (body, continuation) = taken else { return nil }
      return (Result { try body() }, continuation)
    }

    func cancel() {
      let continuation = state.withLock { state -> CheckedContinuation<R, any Error>? in
        switch state {
        case .new: state = .cancelled
        case .waiting(_, let continuation):
          state = .taken
          return continuation
        case .cancelled, .taken: break
        }
        return nil
      }
      continuation?.resume(throwing: CancellationError())
    }
  }
}

import Dispatch
import Kernels
import TestSupport
import Testing

/// The guarantees of `Session` for Swift tasks.
@Suite(.timeLimit(.minutes(10))) struct SessionTests {
  @Test func aResultAndAnErrorComeBack() async throws {
    let session = Session(threads: 2)
    let sum = try await session.run {
      let total = Counter()
      session.pool.run(100) { task, _ in total.add(task) }
      return total.value
    }
    #expect(sum == 4950)
    await #expect(throws: Failure.self) { try await session.run { throw Failure() } }
  }

  @Test func callsRunOneAfterAnother() async throws {
    let session = Session(threads: 1)
    let inside = Counter()
    let overlaps = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<32 {
        group.addTask {
          try await session.run {
            if inside.add() > 1 { overlaps.add() }
            ProcessFacts.sleep(seconds: 0.0005)
            inside.add(-1)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(overlaps.value == 0)
  }

  /// More calls than the cooperative pool has threads wait for one task.
  ///
  /// If each of them held a thread, none would be left for that task. The test has its own process, in which no other
  /// test holds one.
  @Test func callsThatWaitLeaveTheCooperativePoolToOthers() async {
    await #expect(processExitsWith: .success) {
      let session = Session(threads: 2)
      let ticket = DispatchSemaphore(value: 0)
      let deadline = DispatchTime.now() + 10
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask { try await session.run { ticket.wait(timeout: deadline) == .success } }
        }
        group.addTask {
          for _ in 0..<64 {
            await Task.yield()
            ticket.signal()
          }
          return true
        }
        for try await hadTicket in group { #expect(hadTicket, "a call waited for a task that never ran") }
      }
    }
  }

  @Test func aCallThatIsCancelledInTheQueueNeverRuns() async throws {
    let session = Session(threads: 1)
    let gate = DispatchSemaphore(value: 0)
    let began = DispatchSemaphore(value: 0)
    let first = Task {
      try await session.run {
        began.signal()
        _ = gate.wait(timeout: .now() + 90)
      }
    }
    await Self.wait { began.wait(timeout: .now()) == .success }
    let released = Counter()
    let ran = Counter()
    let second = Task { [buffer = Buffer { released.add() }] in
      try await session.run {
        ran.add()
        buffer.use()
      }
    }
    // The cancellation takes effect while the first call is running, whether the second one is in the queue already or
    // not.
    ProcessFacts.sleep(seconds: 0.01)
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    await Self.wait { released.value == 1 }
    #expect(ran.value == 0)
    gate.signal()
    try await first.value
  }

  @Test func aTaskThatIsCancelledBeforeItCallsDoesNotCall() async {
    let session = Session(threads: 1)
    let ran = Counter()
    let task = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      _ = try await session.run { ran.add() }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(ran.value == 0)
  }

  @Test func aCallThatHasBegunRunsToItsEnd() async throws {
    let session = Session(threads: 1)
    let began = DispatchSemaphore(value: 0)
    let task = Task {
      try await session.run {
        began.signal()
        ProcessFacts.sleep(seconds: 0.02)
        return 7
      }
    }
    await Self.wait { began.wait(timeout: .now()) == .success }
    task.cancel()
    #expect(try await task.value == 7)
  }

  @Test func whatACallHeldIsReleased() async throws {
    let released = Counter()
    do {
      let session = Session(threads: 2)
      try await session.run { [buffer = Buffer { released.add() }] in buffer.use() }
    }
    await Self.wait { released.value == 1 }
  }

  /// Waits without holding a thread, at most for the suite's time limit.
  private static func wait(until condition: () -> Bool) async {
    while !condition() && !Task.isCancelled { await Task.yield() }
  }

  private struct Failure: Error {}

  /// An object that records its end.
  private final class Buffer: Sendable {
    private let end: @Sendable () -> Void
    init(_ end: @escaping @Sendable () -> Void) { self.end = end }
    func use() {}
    deinit { end() }
  }
}

import Kernels
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite(.timeLimit(.minutes(5))) struct WorkerPoolTests {
  @Test(arguments: [1, 2, 3, 8]) func everyTaskRunsOnce(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(pool.threads == threads)
    for tasks in [0, 1, 2, 7, 8, 9, 1000, 65_535] {
      let counts = (0..<tasks).map { _ in Counter() }
      let busy = (0..<threads).map { _ in Counter() }
      pool.run(tasks) { task, worker in
        #expect(busy[worker].add(1) == 1, "two tasks under worker \(worker)")
        counts[task].add(1)
        busy[worker].add(-1)
      }
      #expect(counts.allSatisfy { $0.value == 1 })
    }
  }

  @Test func whatTasksWroteIsThereAfterwards() {
    let pool = WorkerPool(threads: 4)
    var values = [Int](repeating: 0, count: 64)
    for round in 1...2000 {
      unsafe values.withUnsafeMutableBufferPointer { buffer in
        let base = buffer.baseAddress!
        // Each element is accessed by the task of its index only.
        pool.run(buffer.count) { task, _ in unsafe base[task] += task }
      }
      guard values[round % 64] == round % 64 * round else { break }
    }
    #expect(values == (0..<64).map { $0 * 2000 })
  }

  @Test func manyCallersShareAPool() async {
    let pool = WorkerPool(threads: 2)
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<32 {
        group.addTask {
          for _ in 0..<500 { pool.awake { pool.run(5) { _, _ in total.add(1) } } }
        }
      }
    }
    #expect(total.value == 32 * 500 * 5)
  }

  @Test func poolsComeAndGoWhileOthersWork() async {
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for caller in 0..<8 {
        group.addTask {
          for round in 0..<50 {
            let pool = WorkerPool(threads: 1 + (caller + round) % 4)
            for _ in 0..<(round % 4) { pool.run(7) { _, _ in total.add(1) } }
          }
        }
      }
    }
    // 50 rounds of 0, 1, 2, 3, 0, ... runs are 12 times 6, and 0 and 1.
    #expect(total.value == 8 * (12 * 6 + 1) * 7)
  }

  @Test func aTaskMayRunTasksItself() {
    let pool = WorkerPool(threads: 2)
    let total = Counter()
    pool.run(4) { _, _ in pool.run(3) { _, _ in total.add(1) } }
    #expect(total.value == 12)
  }

  /// Pauses about as long as workers stay awake: some jobs start just when a worker goes to sleep.
  @Test(arguments: [2, 5]) func everyTaskRunsAfterAPauseOfAnyLength(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    var random = SplitMix64(seed: 21)
    let total = Counter()
    for _ in 0..<3000 {
      let until = ProcessFacts.now + Double(random.integer(in: 0...250)) * 1e-6
      while ProcessFacts.now < until {}
      pool.run(threads) { _, _ in total.add(1) }
    }
    #expect(total.value == 3000 * threads)
  }

  @Test func aWorkerThatHasNotBegunIsNotWaitedFor() {
    let pool = WorkerPool(threads: 2)
    var alone = 0
    for _ in 0..<20 {
      ProcessFacts.sleep(seconds: 0.002)
      let byWorker = Counter()
      pool.run(2) { _, worker in byWorker.add(worker) }
      if byWorker.value == 0 { alone += 1 }
    }
    // The worker sleeps, and waking it takes longer than the caller needs for two empty tasks.
    #expect(alone > 0)
  }

  @Test func aCallerThatWaitsLongSleeps() {
    let pool = WorkerPool(threads: 2)
    // A worker may start too late to take part; then the caller runs both tasks without waiting.
    for attempt in 1...50 {
      let taken = Counter()
      let before = ProcessFacts.threadSeconds
      pool.run(2) { _, worker in
        if worker == 0 {
          let limit = ProcessFacts.now + 0.05
          while taken.value == 0 && ProcessFacts.now < limit {}
        } else {
          taken.add(1)
          ProcessFacts.sleep(seconds: 0.3)
        }
      }
      guard taken.value > 0 else { continue }
      #expect(ProcessFacts.threadSeconds - before < 0.15, "attempt \(attempt)")
      return
    }
    Issue.record("in 50 runs the worker never took a task")
  }

  @Test func processorsAreAtLeastOne() { #expect(WorkerPool.usableProcessors >= 1) }

  #if canImport(Glibc)
    @Test func workersSleepWhenThereIsNothingToDo() async {
      // In its own process, in which no other test uses processor time.
      await #expect(processExitsWith: .success) {
        let pool = WorkerPool(threads: 3)
        for _ in 0..<1000 { pool.awake { pool.run(3) { _, _ in } } }
        ProcessFacts.sleep(seconds: 0.05)
        let after = ProcessFacts.processorSeconds
        ProcessFacts.sleep(seconds: 0.5)
        let idle = ProcessFacts.processorSeconds - after
        #expect(idle < 0.002, "\(idle) s of processor time in half a second")
        // A call that holds its workers without using them does not keep them spinning either.
        pool.awake { ProcessFacts.sleep(seconds: 0.5) }
        let held = ProcessFacts.processorSeconds - after - idle
        #expect(held < 0.1, "\(held) s of processor time in half a second")
      }
    }

    /// The scheduler may wake a worker on its waker's processor: the two then alternate while another processor idles.
    @Test(.enabled(if: WorkerPool.usableProcessors >= 2, "there is one processor"))
    func workersKeepOffTheProcessorOfTheirCaller() async {
      await #expect(processExitsWith: .success) {
        let everywhere = ProcessFacts.allowedProcessors(thread: ProcessFacts.currentThread)
        let others = ProcessFacts.threads
        let pool = WorkerPool(threads: 2)
        let worker = try #require(ProcessFacts.threads.first { !others.contains($0) })
        // A preempted worker is on its caller's processor for a moment, so several samples are needed.
        let isApart = (0..<100).contains { _ in
          ProcessFacts.sleep(seconds: 0.002)
          pool.run(2) { _, _ in }
          let allowed = ProcessFacts.allowedProcessors(thread: worker)
          return allowed != everywhere && allowed != "\(ProcessFacts.currentProcessor)"
        }
        #expect(isApart)

        // A worker with an affinity set by others keeps it, wherever the caller runs.
        try #require(Affinity.set(thread: worker, to: Affinity.all))
        for processor in Affinity.all {
          try #require(Affinity.set(thread: ProcessFacts.currentThread, to: [processor]))
          for _ in 0..<5 {
            ProcessFacts.sleep(seconds: 0.002)
            pool.run(2) { _, _ in }
          }
          try #require(Affinity.set(thread: ProcessFacts.currentThread, to: Affinity.all))
        }
        #expect(ProcessFacts.allowedProcessors(thread: worker) == everywhere)
      }
    }

    @Test func aCrowdedPoolLeavesPlacesToTheScheduler() async {
      await #expect(processExitsWith: .success) {
        let everywhere = ProcessFacts.allowedProcessors(thread: ProcessFacts.currentThread)
        let pool = WorkerPool(threads: WorkerPool.usableProcessors + 1)
        for _ in 0..<20 {
          ProcessFacts.sleep(seconds: 0.001)
          pool.run(10) { _, _ in }
        }
        #expect(ProcessFacts.threads.allSatisfy { ProcessFacts.allowedProcessors(thread: $0) == everywhere })
      }
    }
  #endif

  #if canImport(Glibc)
    /// Thread affinities: these calls are declared for GNU programs only, and not in Swift's module of the C library.
    private enum Affinity {
      typealias Function = @convention(c) (Int32, Int, UnsafeMutableRawPointer) -> Int32

      /// The processors of this process at its start.
      static let all: [Int] = {
        let get = unsafe unsafeBitCast(dlsym(nil, "sched_getaffinity")!, to: Function.self)
        var mask = [UInt](repeating: 0, count: 16)
        let bytes = unsafe mask.withUnsafeMutableBytes { unsafe get(0, $0.count, $0.baseAddress!) }
        precondition(bytes >= 0, "the affinity mask can't be read")
        return (0..<1024).filter { mask[$0 / 64] >> ($0 % 64) & 1 == 1 }
      }()

      static func set(thread: Int32, to processors: [Int]) -> Bool {
        let set = unsafe unsafeBitCast(dlsym(nil, "sched_setaffinity")!, to: Function.self)
        var mask = [UInt](repeating: 0, count: 16)
        for processor in processors { mask[processor / 64] |= 1 << (processor % 64) }
        return unsafe mask.withUnsafeMutableBytes { unsafe set(thread, $0.count, $0.baseAddress!) } == 0
      }
    }
  #endif
}

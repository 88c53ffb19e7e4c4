import Kernels
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  @Test(arguments: [1, 2, 3, 8]) func everyTaskRunsOnce(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(pool.threads == threads)
    for tasks in [0, 1, 2, 7, 1000] {
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

  @Test func manyCallersShareAPool() async {
    let pool = WorkerPool(threads: 2)
    let total = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<500 { pool.run(5) { _, _ in total.add(1) } }
        }
      }
    }
    #expect(total.value == 8 * 500 * 5)
  }

  @Test func processorsAreAtLeastOne() { #expect(WorkerPool.usableProcessors >= 1) }

  final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    @discardableResult func add(_ n: Int) -> Int {
      count.add(n, ordering: .relaxed).newValue
    }
  }
}

import Kernels
import Testing

@Suite struct WorkerPoolMapTests {
  struct Fault: Error, Equatable { let index: Int }

  @Test(arguments: [1, 2, 4]) func resultsKeepTheirOrder(threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(pool.map(1000) { $0 * $0 } == (0..<1000).map { $0 * $0 })
    #expect(pool.map(0) { $0 } == [])
  }

  @Test(arguments: [1, 4]) func theFirstErrorIsThrown(threads: Int) {
    let pool = WorkerPool(threads: threads)
    #expect(throws: Fault(index: 41)) {
      try pool.map(100) { (index) throws(Fault) -> Int in
        if index > 40 { throw Fault(index: index) }
        return index
      }
    }
  }
}

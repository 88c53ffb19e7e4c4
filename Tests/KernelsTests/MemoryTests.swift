import Kernels
import Testing

@Suite struct AlignedFloatsTests {
  /// Blocks of all sizes, small ones side by side, keep their contents whatever comes and goes around them.
  @Test func blocksNeverOverlap() {
    let sizes = [0, 1, 15, 16, 17, 1000, 65536, 524_288, 524_289, 3_000_000]
    var blocks: [(block: AlignedFloats, mark: Float)] = []
    for round in 0..<12 {
      for (index, size) in sizes.enumerated() {
        let block = round % 3 == 2 ? AlignedFloats(ofItsOwn: size) : AlignedFloats(count: size)
        let mark = Float(round * sizes.count + index)
        unsafe #expect(UInt(bitPattern: block.base) % 64 == 0)
        unsafe block.base.update(repeating: mark, count: size)
        blocks.append((block, mark))
      }
      // Every second one goes before the next round.
      blocks = blocks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }
    for (block, mark) in blocks {
      let whole = unsafe UnsafeBufferPointer(start: block.base, count: block.count)
      #expect(unsafe whole.allSatisfy { $0 == mark })
    }
  }

  @Test func blocksAreMadeOnManyThreadsAtOnce() {
    let blocks = WorkerPool(threads: 4).map(200) { index in
      let block = AlignedFloats(count: 100 + index)
      unsafe block.base.update(repeating: Float(index), count: block.count)
      return block
    }
    for (index, block) in blocks.enumerated() {
      let whole = unsafe UnsafeBufferPointer(start: block.base, count: block.count)
      #expect(unsafe whole.allSatisfy { $0 == Float(index) })
    }
  }
}

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

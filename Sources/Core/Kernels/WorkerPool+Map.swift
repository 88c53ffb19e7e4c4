extension WorkerPool {
  /// The results of `body(0) ... body(count - 1)`, computed on all threads.
  ///
  /// - Throws: the error of the lowest failing index, so that the outcome does not depend on the threads.
  package func map<Result: Sendable, Failure: Error>(
    _ count: Int, _ body: (_ index: Int) throws(Failure) -> Result
  ) throws(Failure) -> [Result] {
    var slots = [Swift.Result<Result, Failure>?](repeating: nil, count: count)
    unsafe slots.withUnsafeMutableBufferPointer { slots in
      let slots = unsafe slots
      run(count) { index, _ in
        // Each task has a slot to itself.
        unsafe slots[index] = Swift.Result { () throws(Failure) in try body(index) }
      }
    }
    var results: [Result] = []
    results.reserveCapacity(count)
    for slot in slots { results.append(try slot!.get()) }
    return results
  }
}

extension WorkerPool {
  /// The results of two closures, run in parallel where there are two threads.
  ///
  /// Each may use the pool itself. While both run the pool has no free thread, so their tasks run on the calling
  /// thread.
  package func both<First, Second>(_ first: () -> First, _ second: () -> Second) -> (First, Second) {
    var results: (First?, Second?) = (nil, nil)
    unsafe withUnsafeMutablePointer(to: &results) { results in
      let results = unsafe results
      run(2) { task, _ in
        // Each task has one half to itself.
        if task == 0 { unsafe results.pointee.0 = first() } else { unsafe results.pointee.1 = second() }
      }
    }
    return (results.0!, results.1!)
  }
}

extension WorkerPool {
  /// The results of `body(0) ... body(count - 1)`, computed on all threads.
  ///
  /// - Throws: the error of the lowest index that has one, so that the outcome does not depend on the threads.
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

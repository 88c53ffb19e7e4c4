import ArgumentParser
import Kernels

/// Inputs that are done side by side and whose results come out in their order: a failure is told and the others go on; the
/// end is a count and an exit status.
public struct Batch: Sendable {
  private let console: Console
  private let inputs: [String]

  public init(_ inputs: [String], on console: Console) {
    self.inputs = inputs
    self.console = console
  }

  /// How many inputs are made at a time: as many as there are threads, each then on one alone, where there are enough inputs
  /// for that to be faster than all threads on one after another.
  ///
  /// - Parameter threads: that the user asks for; `nil` for as many as the process may use.
  public static func callers(_ inputs: Int, threads: Int?) -> Int {
    let threads = threads ?? WorkerPool.usableProcessors
    return inputs >= 2 * threads ? min(threads, 64) : 1
  }

  /// What has been made and not been taken.
  private struct State<Product> {
    var next = 0
    var taken = 0
    var made: [Int: Result<Product, Failure>] = [:]
    var isStopped = false
  }

  /// Does every input.
  ///
  /// - Parameters:
  ///   - callers: inputs that are made at a time, from several threads where there are more than one; a few are made ahead.
  ///   - make: does the work for the input of that index; nothing of it may be seen from outside.
  ///   - finish: ends with writing the result; for one input after another, in their order, on the caller's thread.
  ///   - failed: what to write to standard output for a failure that does not end the batch.
  /// - Returns: the status to end with.
  /// - Throws: the `Failure` that ends the batch, told already.
  public func run<Product>(
    _ callers: Int = 1, make: (_ index: Int) throws(Failure) -> Product,
    finish: (_ index: Int, _ product: Product, _ write: (String) throws(Failure) -> Void) throws(Failure) -> Void,
    failed: (_ index: Int, Failure) -> String = { _, _ in "" }
  ) throws(Failure) -> ExitStatus {
    Tally.begin(inputs.count, program: console.program)
    var status = ExitStatus.done
    /// The end of an input: its result is out and counted, or neither, when a signal comes.
    func end(_ index: Int, _ product: () throws(Failure) -> Product) throws(Failure) {
      do throws(Failure) {
        try finish(index, product()) { (text) throws(Failure) in
          try Interrupt.shielded { () throws(Failure) in
            try console.write(text)
            Tally.countDone()
          }
        }
      } catch {
        if error.stops { throw error }
        try Interrupt.shielded { () throws(Failure) in
          console.note(error.message)
          try console.write(failed(index, error))
          Tally.countFailure()
        }
        status = max(status, error.status)
      }
    }
    do throws(Failure) {
      if callers > 1 {
        try side(by: callers, make) { (index, made) throws(Failure) in
          try end(index) { () throws(Failure) in try made.get() }
        }
      } else {
        for index in inputs.indices { try end(index) { () throws(Failure) in try make(index) } }
      }
    } catch {
      console.note(error.message)
      if let summary = Tally.end() { console.note(summary) }
      throw error.told
    }
    if let summary = Tally.end() { console.note(summary) }
    return status
  }

  /// Makes the inputs on threads of their own and hands them out in their order.
  private func side<Product>(
    by callers: Int, _ make: (_ index: Int) throws(Failure) -> Product,
    _ take: (_ index: Int, _ made: Result<Product, Failure>) throws(Failure) -> Void
  ) throws(Failure) {
    let count = inputs.count
    let state = Monitor(State<Product>())
    func work() {
      while true {
        // No more are made ahead than are in the making, so that memory does not grow where results are slow to go.
        let index = state.change(when: { $0.isStopped || $0.next < $0.taken + 2 * callers }) { state -> Int? in
          guard !state.isStopped, state.next < count else { return nil }
          state.next += 1
          return state.next - 1
        }
        guard let index else { return }
        let made = Result { () throws(Failure) in try make(index) }
        state.change { $0.made[index] = made }
      }
    }
    try Workers.run(callers, work) { (running) throws(Failure) in
      defer { state.change { $0.isStopped = true } }
      for index in 0..<count {
        let made =
          running == 0
          ? Result { () throws(Failure) in try make(index) }
          : state.change(when: { $0.made[index] != nil }) { state in
            state.taken += 1
            return state.made.removeValue(forKey: index)!
          }
        try take(index, made)
      }
    }
  }
}

extension ExitStatus {
  /// Ends the command with this status; what there was to say has been said.
  public func end() throws { if self != .done { throw ExitCode(rawValue) } }
}

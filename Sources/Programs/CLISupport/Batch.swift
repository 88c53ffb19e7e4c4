import ArgumentParser
import Kernels

/// The processing of many inputs in parallel, with the results handed out in the order of the inputs.
///
/// A failed input is reported and the others go on. The batch ends with a count and an exit status.
public struct Batch: Sendable {
  private let console: Console
  private let inputs: Range<Int>
  private let before: (done: Int, failed: Int)
  private let showsProgress: Bool

  /// - Parameters:
  ///   - count: the number of inputs.
  ///   - before: the inputs that an earlier run has done, and those that failed; they are the first ones.
  ///   - showsProgress: whether a terminal shows how many are done.
  public init(
    _ count: Int, before: (done: Int, failed: Int) = (0, 0), showsProgress: Bool = false, on console: Console
  ) {
    inputs = before.done + before.failed..<count
    (self.before, self.console) = (before, console)
    self.showsProgress = showsProgress && count > 1 && Console.terminalColumns() != nil
  }

  /// The number of inputs that are processed at the same time.
  ///
  /// With enough inputs it is the number of threads, each input on one thread. With few inputs it is 1, since all
  /// threads on one input after another are then faster.
  ///
  /// - Parameter threads: the user's number of threads; `nil` for as many as the process may use.
  public static func callers(_ inputs: Int, threads: Int?) -> Int {
    let threads = threads ?? WorkerPool.usableProcessors
    return inputs >= 2 * threads ? min(threads, 64) : 1
  }

  /// The results that are ready and not yet handed out.
  private struct State<Product> {
    var next = 0
    var taken = 0
    var made: [Int: Result<Product, Failure>] = [:]
    var isStopped = false
  }

  /// Processes every input.
  ///
  /// - Parameters:
  ///   - callers: the number of inputs processed at the same time, on several threads if it is greater than 1; a few
  ///     results are made ahead.
  ///   - make: computes the result of the input of that index, without side effects.
  ///   - finish: writes the result; called for one input after another, in their order, on the caller's thread.
  ///   - warnings: messages about a result, written before it.
  ///   - failed: the text for standard output after a failure that does not end the batch.
  /// - Returns: the exit status.
  /// - Throws: the `Failure` that ends the batch, already reported.
  public func run<Product>(
    _ callers: Int = 1, make: (_ index: Int) throws(Failure) -> Product,
    finish: (_ index: Int, _ product: Product, _ write: (String) throws(Failure) -> Void) throws(Failure) -> Void,
    warnings: (Product) -> [String] = { _ in [] }, failed: (_ index: Int, Failure) -> String = { _, _ in "" }
  ) throws(Failure) -> ExitStatus {
    let count = inputs.upperBound
    var bar =
      showsProgress && !inputs.isEmpty
      ? ProgressBar("done", total: count, unit: "pictures", from: inputs.lowerBound, on: console) : nil
    Tally.begin(count, program: console.program, before: before, lead: bar == nil ? "" : "\r\u{1b}[K")
    var status = before.failed > 0 ? ExitStatus.inputs : .done
    func note(_ message: String) { if bar == nil { console.note(message) } else { bar!.note(message) } }
    /// The end of an input.
    ///
    /// A signal either finds its result written and counted, or neither.
    func end(_ index: Int, _ product: () throws(Failure) -> Product) throws(Failure) {
      do throws(Failure) {
        let product = try product()
        for warning in warnings(product) { note(warning) }
        try finish(index, product) { (text) throws(Failure) in
          try Interrupt.shielded { () throws(Failure) in
            try console.write(text)
            Tally.countDone()
          }
        }
      } catch {
        if error.stops { throw error }
        try Interrupt.shielded { () throws(Failure) in
          note(error.message)
          try console.write(failed(index, error))
          Tally.countFailure()
        }
        status = max(status, error.status)
      }
      bar?.update(index + 1)
    }
    do throws(Failure) {
      if callers > 1 {
        try side(by: callers, make) { (index, made) throws(Failure) in
          try end(index) { () throws(Failure) in try made.get() }
        }
      } else {
        for index in inputs { try end(index) { () throws(Failure) in try make(index) } }
      }
    } catch {
      note(error.message)
      if let summary = Tally.end() { console.note(summary) }
      throw error.told
    }
    bar?.finish()
    if let summary = Tally.end() { console.note(summary) }
    return status
  }

  /// Processes the inputs on several threads and hands the results out in order.
  private func side<Product>(
    by callers: Int, _ make: (_ index: Int) throws(Failure) -> Product,
    _ take: (_ index: Int, _ made: Result<Product, Failure>) throws(Failure) -> Void
  ) throws(Failure) {
    let (first, end) = (inputs.lowerBound, inputs.upperBound)
    var initial = State<Product>()
    (initial.next, initial.taken) = (first, first)
    let state = Monitor(initial)
    func work() {
      while true {
        // At most two inputs for each caller are ahead of the output, so that memory does not grow when the output is
        // slow.
        let index = state.change(when: { $0.isStopped || $0.next < $0.taken + 2 * callers }) { state -> Int? in
          guard !state.isStopped, state.next < end else { return nil }
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
      for index in first..<end {
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
  /// Ends the command with this status; all messages have been written.
  public func end() throws { if self != .done { throw ExitCode(rawValue) } }
}

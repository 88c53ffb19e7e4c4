import ArgumentParser

/// Inputs done one after another: a failure is told and the next one begins; the end is a count and an exit status.
public struct Batch: Sendable {
  private let console: Console
  private let inputs: [String]

  public init(_ inputs: [String], on console: Console) {
    self.inputs = inputs
    self.console = console
  }

  /// Does every input.
  ///
  /// - Parameters:
  ///   - body: does the input of that index and ends with writing its result.
  ///   - failed: what to write to standard output for a failure that does not end the batch.
  /// - Returns: the status to end with.
  /// - Throws: the `Failure` that ends the batch, told already.
  public func run(
    _ body: (_ index: Int, _ write: (String) throws(Failure) -> Void) throws(Failure) -> Void,
    failed: (_ index: Int, Failure) -> String = { _, _ in "" }
  ) throws(Failure) -> ExitStatus {
    Tally.begin(inputs.count, program: console.program)
    var status = ExitStatus.done
    do throws(Failure) {
      for index in inputs.indices {
        do throws(Failure) {
          // A result is out and counted, or neither, when a signal comes.
          try body(index) { (text) throws(Failure) in
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
    } catch {
      console.note(error.message)
      if let summary = Tally.end() { console.note(summary) }
      throw error.told
    }
    if let summary = Tally.end() { console.note(summary) }
    return status
  }
}

extension ExitStatus {
  /// Ends the command with this status; what there was to say has been said.
  public func end() throws { if self != .done { throw ExitCode(rawValue) } }
}

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
  ///   - body: does the input of that index.
  ///   - failed: is told of a failure that does not end the batch.
  /// - Returns: the status to end with.
  /// - Throws: the `Failure` that ends the batch.
  public func run(
    _ body: (_ index: Int) throws(Failure) -> Void,
    failed: (_ index: Int, Failure) throws(Failure) -> Void = { (_, _) throws(Failure) in }
  ) throws(Failure) -> ExitStatus {
    var failures: [Failure] = []
    for index in inputs.indices {
      do throws(Failure) {
        try body(index)
      } catch {
        if error.stops { throw error }
        console.note(error.message)
        failures.append(error)
        try failed(index, error)
      }
    }
    if inputs.count > 1 { console.note("\(inputs.count - failures.count) done, \(failures.count) failed") }
    return failures.map(\.status).max { $0.rawValue < $1.rawValue } ?? .done
  }
}

extension ExitStatus {
  /// Ends the command with this status; what there was to say has been said.
  public func end() throws { if self != .done { throw ExitCode(rawValue) } }
}

/// The exit status of a program; every program documents these numbers.
public enum ExitStatus: Int32, Hashable, Comparable, Sendable, CaseIterable {
  case done = 0
  /// Some inputs failed; the others are done.
  case inputs = 1
  case usage = 2
  /// A model or checkpoint is missing, unknown, damaged or of the wrong kind.
  case model = 3
  /// A result could not be written.
  case output = 4

  /// The order of severity: of several failures the greatest status counts.
  public static func < (a: ExitStatus, b: ExitStatus) -> Bool { a.rawValue < b.rawValue }

  /// The paragraph for `--help`.
  public static let help = """
    EXIT STATUS: 0 all done; 1 some inputs failed, the others are done; 2 wrong usage; 3 the model is missing, unknown \
    or unusable; 4 an output cannot be written; 130 or 143 stopped by SIGINT or SIGTERM.
    """
}

/// An error message for the user, with the exit status that belongs to it.
public struct Failure: Error, Equatable, CustomStringConvertible {
  public let status: ExitStatus
  /// One line, with the remedy at its end.
  public let message: String
  /// Whether the failure ends the batch, because further inputs would fail too.
  public let stops: Bool
  /// Whether the message has been written.
  private(set) var isTold = false

  public init(_ status: ExitStatus, _ message: String, stops: Bool = false) {
    self.status = status
    self.message = message
    self.stops = stops
  }

  public var description: String { message }

  /// The same failure, marked as reported.
  var told: Failure {
    var failure = self
    failure.isTold = true
    return failure
  }
}

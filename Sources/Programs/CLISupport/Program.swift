import ArgumentParser
import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The part of a program that is the same for all: version, parsing, error reports.
public enum Program {
  public static let version = "0.1.0"

  /// Runs a program to its end: parses the arguments, runs the command, reports an error in one line.
  public static func run<Command: ParsableCommand>(_ type: Command.Type, on console: Console) -> Never {
    Timing.begin()
    Interrupt.listen()
    do {
      var command = try type.parseAsRoot()
      if let complaint = InstructionSet.complaint {
        throw Failure(.usage, "\(complaint); unset \(InstructionSet.variable), or name another")
      }
      try command.run()
      exit(ExitStatus.done.rawValue)
    } catch {
      exit(report(error, of: type, on: console))
    }
  }

  /// Reports an error and returns its exit status.
  private static func report<Command: ParsableCommand>(
    _ error: any Error, of type: Command.Type, on console: Console
  ) -> Int32 {
    if let failure = error as? Failure {
      if !failure.isTold { console.note(failure.message) }
      return failure.status.rawValue
    }
    // A batch has reported its failures already.
    if let code = error as? ExitCode { return code.rawValue }
    if type.exitCode(for: error).isSuccess {
      // The parser returns help and version as errors too.
      do {
        try console.write(type.message(for: error) + "\n")
        return ExitStatus.done.rawValue
      } catch {
        console.note(error.message)
        return error.status.rawValue
      }
    }
    var words = type.message(for: error).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if words.last == "." { words.removeLast() }
    console.note((words.isEmpty ? "wrong arguments" : words) + "; see '\(helpCommand(for: error, of: type))'")
    return ExitStatus.usage.rawValue
  }

  /// The help command for the typed arguments, taken from the parser's own hint.
  private static func helpCommand<Command: ParsableCommand>(for error: any Error, of type: Command.Type) -> String {
    let text = type.fullMessage(for: error)
    let hint = text.split(separator: "\n").last { $0.contains("See '") }
    let quoted = hint?.split(separator: "'").dropFirst().first
    return quoted.map(String.init) ?? "\(type.configuration.commandName ?? "") --help"
  }
}

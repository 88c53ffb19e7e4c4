import ArgumentParser
import Files
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

  /// The part of a program's help on the environment.
  public static let environmentHelp = """
    ENVIRONMENT: BACKBONE_MODELS is the folder of installed models; BACKBONE_ISA forces an instruction set \
    (portable, neon, avx2, avx512).
    """

  /// Runs a program to its end: parses the arguments, runs the command, reports an error in one line.
  public static func run<Command: ParsableCommand>(_ type: Command.Type, on console: Console) -> Never {
    Timing.begin()
    Interrupt.listen()
    do {
      let arguments = arguments
      if arguments.prefix(while: { $0 != "--" }).contains("--help-limits") {
        try console.write(LimitOptions.help)
        exit(ExitStatus.done.rawValue)
      }
      var command = try type.parseAsRoot(arguments)
      if let complaint = InstructionSet.complaint {
        throw Failure(.usage, "\(complaint); unset \(InstructionSet.variable), or name another")
      }
      try command.run()
      exit(ExitStatus.done.rawValue)
    } catch {
      exit(report(error, of: type, on: console))
    }
  }

  /// The arguments without the program's name, with bytes that are not UTF-8 kept.
  private static var arguments: [String] {
    var arguments: [String] = []
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { break }
      let count = unsafe strlen(argument)
      arguments.append(
        unsafe FilePath.string(UnsafeRawBufferPointer(start: argument, count: count)))
    }
    return arguments
  }

  /// A help text with the arguments and options in front of the discussion.
  private static func usageFirst(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let usage = lines.firstIndex(where: { $0.hasPrefix("USAGE:") }),
      let end = lines[..<usage].firstIndex(of: ""), end < usage
    else { return text }
    var discussion = lines[end..<usage]
    while discussion.last == "" { discussion.removeLast() }
    return (lines[..<end] + [""] + lines[usage...] + discussion).joined(separator: "\n")
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
        try console.write(usageFirst(type.message(for: error)) + "\n")
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

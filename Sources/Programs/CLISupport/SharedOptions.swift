import ArgumentParser
import ModelFiles

/// How the work is shared and watched.
public struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads to session with; without it as many as the affinity mask and the cgroup's quota allow.",
      valueName: "number"))
  public var threads: Int?

  @Flag(help: "Say on standard error how long each step took, and the whole process from its start.")
  public var timing = false

  public init() {}

  public func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
  }
}

/// Refuses a size of a network's input that makes no sense.
///
/// - Throws: `ValidationError`.
public func checkInputSize(_ size: Int) throws {
  guard (InputCard.leastSide...4096).contains(size) else {
    throw ValidationError("--size \(size): expected a number from \(InputCard.leastSide) to 4096")
  }
}

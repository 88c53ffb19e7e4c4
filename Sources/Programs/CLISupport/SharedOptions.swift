import ArgumentParser
import ModelFiles

/// The options of threads, timing and progress.
public struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads; by default as many as the affinity mask and the cgroup's quota allow.",
      valueName: "number"))
  public var threads: Int?

  @Flag(help: "Write the duration of each step and of the whole process to standard error.")
  public var timing = false

  public init() {}

  public func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
  }
}

/// Refuses a network input size out of range.
///
/// - Throws: `ValidationError`.
public func checkInputSize(_ size: Int) throws {
  guard (InputCard.leastSide...4096).contains(size) else {
    throw ValidationError("--size \(size): expected a number from \(InputCard.leastSide) to 4096")
  }
}

import Files
import HostileFiles
import ModelFetch

/// Starts child processes until all files of a format have been read, and stores the files at which one died.
struct Parent {
  let mutate: Mutate
  let format: HostileFormat
  /// The number of files per child.
  private static let batch = 20_000

  init(_ mutate: Mutate, _ format: HostileFormat) {
    self.mutate = mutate
    self.format = format
  }

  /// Runs the children.
  ///
  /// - Returns: the number of harmful files.
  func run() throws -> Int {
    let clock = ContinuousClock()
    let began = clock.now
    var accepted = 0
    var failures = 0
    var peak = 0
    var reasons: [String: Int] = [:]
    let mutator = try mutate.mutator(format)
    try Folder.withTemporary(in: "/tmp", { $0 as any Error }) { folder in
      var next = mutate.first
      let end = mutate.first + mutate.count
      while next < end {
        let progress = try Progress("\(folder)/progress")
        progress.index = next
        let result = Subprocess.run(
          [
            CommandLine.arguments[0], "--child", "\(folder)/progress", "--format", format.rawValue, "--seed",
            "\(mutate.seed)", "--first", "\(next)", "--count", "\(min(Parent.batch, end - next))", "--memory",
            "\(mutate.memory)", "--seconds", "\(mutate.seconds)",
          ] + (mutate.seeds.map { ["--seeds", $0] } ?? []))
        guard let result else { throw ProgressError(path: CommandLine.arguments[0]) }
        for line in result.output.split(separator: "\n") {
          let words = line.split(separator: " ", maxSplits: 2)
          guard words.count > 1, let number = Int(words[1]) else { continue }
          switch words[0] {
          case "ACCEPTED": accepted += number
          case "PEAK": peak = max(peak, number)
          case "REASON": reasons[String(words.last!), default: 0] += number
          case "WRONG":
            failures += 1
            try report(number, mutator, String(words.last!))
          default: continue
          }
        }
        if result.status == 0 {
          next += Parent.batch
        } else {
          failures += 1
          let lines = result.output.split(separator: "\n").filter { !$0.hasPrefix("REASON") }
          try report(progress.index, mutator, Parent.words(result.status) + (lines.first.map { ": \($0)" } ?? ""))
          next = progress.index + 1
        }
      }
    }
    let time = began.duration(to: clock.now)
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    print(
      "\(format.rawValue): \(mutate.count) files of seed \(mutate.seed), \(accepted) accepted, \(failures) did harm, "
        + "\(reasons.count) kinds of reasons, \(Int(seconds)) s, \(peak >> 10) MiB at most")
    if mutate.reasons {
      for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(40) {
        print("  \(count)  \(reason)")
      }
    }
    return failures
  }

  private func report(_ index: Int, _ mutator: Mutator, _ words: String) throws {
    let path = try Files.keep(mutator.file(index), format, mutate.seed, index, in: mutate.keep)
    print(
      "\(format.rawValue): \(words); kept as \(path); again with "
        + "--format \(format.rawValue) --seed \(mutate.seed) --first \(index) --count 1")
  }

  /// A description of a child's end.
  private static func words(_ status: Int32) -> String {
    switch status {
    case 128 + 14, 128 + 27: "took too long"
    case 128...: "ended by signal \(status - 128)"
    default: "ended with status \(status)"
    }
  }
}

import ArgumentParser
import CLISupport
import Kernels
import Tensors
import Vision

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time a network on random input.",
    discussion: """
      Prints the minimum, median and maximum time of the runs, without preprocessing and post-processing. With --stdin \
      it prints "ready", then reads numbers, one per line; for each number N it runs N times and prints [min_ms, \
      median_ms, peak_rss_mb]. It ends at the end of its input.

      --layers also times each pass of the backbone and each part of the head: the median of its runs, its billions of \
      multiply-adds per second, and their percentage of this machine's peak rate, which is measured first with the \
      same instructions and number of threads.
      """)

  /// The precision of the arithmetic.
  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case fp32
  }

  @Argument(help: NetworkOptions.taskHelp)
  var task: NetworkTask

  @OptionGroup var network: NetworkOptions

  @Option(help: "Precision of the arithmetic.")
  var precision = Precision.fp32

  @Option(
    help: ArgumentHelp(
      "Threads; by default as many as the affinity mask and the cgroup's quota allow.", valueName: "number"))
  var threads: Int?

  @Flag(help: "Use seeded random weights; needed, since no model file is read.")
  var randomInit = false

  @Option(
    help: ArgumentHelp(
      "Runs to time, after a few that are not counted. (default: 50, with --training 10)", valueName: "count"))
  var runs: Int?

  @Flag(help: "Read numbers of runs from standard input, one per line.")
  var stdin = false

  @Flag(help: "Time by layer too.")
  var layers = false

  @Flag(help: "Time a training step of the whole network instead: forward, backward and update.")
  var training = false

  @Option(help: ArgumentHelp("Pictures of a training step. (default: 16)", valueName: "count"))
  var batch: Int?

  @Flag(help: "Print comma-separated values under a line of names.")
  var csv = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
    if let runs, !(1...1_000_000).contains(runs) {
      throw ValidationError("--runs \(runs): expected a number from 1 to 1000000")
    }
    if stdin, runs != nil { throw ValidationError("--runs has no effect with --stdin") }
    if stdin, layers { throw ValidationError("--layers has no effect with --stdin") }
    if stdin, csv { throw ValidationError("--csv has no effect with --stdin") }
    if let batch, !(1...1024).contains(batch) {
      throw ValidationError("--batch \(batch): expected a number from 1 to 1024")
    }
    if batch != nil, !training { throw ValidationError("--batch has no effect without --training") }
    if training, layers { throw ValidationError("--layers has no effect with --training") }
    guard randomInit else {
      throw ValidationError("only random weights can be timed, which must be asked for: add --random-init")
    }
  }

  func run() throws {
    if training {
      let bench = try TrainingBench(task, options: network, batch: batch ?? 16, threads: threads)
      return try report(bench)
    }
    let bench = Bench(task, options: network, threads: threads)
    guard layers else { return try report(bench) }
    for _ in 0..<BenchCommand.warmUp { try bench.run() }
    let peak = bench.measurePeak()
    let (whole, steps) = try bench.timesBySteps(runs ?? 50)
    let report = heading(bench)
    try Main.console.write(csv ? report.csv(whole, steps, peak: peak) : report.text(whole, steps, peak: peak))
  }

  /// The first runs lay out memory and wake the threads.
  private static let warmUp = 3

  private func report(_ work: borrowing some TimedWork & ~Copyable) throws {
    for _ in 0..<BenchCommand.warmUp { try work.run() }
    if stdin { return try answer(work) }
    let times = try work.times(runs ?? (training ? 10 : 50))
    let report = heading(work)
    try Main.console.write(csv ? report.csv(times) : report.text(times))
  }

  private func heading(_ work: borrowing some TimedWork & ~Copyable) -> BenchReport {
    let name = network.backbone.isUsual ? task.rawValue : "\(task.rawValue) \(network.backbone.title)"
    return BenchReport(
      network: training ? "\(name) training, batch \(batch ?? 16)" : name, size: work.size,
      precision: precision.rawValue, isa: work.session.kernels.isa.rawValue, threads: work.session.pool.threads)
  }

  /// The protocol of --stdin.
  private func answer(_ bench: borrowing some TimedWork & ~Copyable) throws {
    let console = Main.console
    try console.write("ready\n")
    while let line = readLine() {
      let text = line.split(whereSeparator: \.isWhitespace).joined()
      guard let count = Int(text), (1...1_000_000).contains(count) else {
        throw Failure(.inputs, "standard input: \"\(line)\": expected a number of runs from 1 to 1000000")
      }
      let times = try bench.times(count)
      let figures = [fixed(times.min, 4), fixed(times.median, 4), fixed(Bench.peakMegabytes, 1)]
      try console.write("[" + figures.joined(separator: ", ") + "]\n")
    }
  }
}

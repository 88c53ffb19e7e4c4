import ArgumentParser
import Backbone
import CLISupport
import Tensors
import Vision

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time a network on random input.",
    discussion: """
      Prints the least, the median and the greatest time of the runs, picture preparation and post-processing not \
      included. With --stdin it prints "ready", then reads numbers, one a line; for each number N it runs N times and \
      prints [min_ms, median_ms, peak_rss_mb]. It ends when its input does.
      """)

  /// Precisions of the computation.
  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case fp32
  }

  @Argument(help: "The network: classify, ssdlite or deeplab.")
  var task: TaskNetwork.Task

  @OptionGroup var network: NetworkOptions

  @Option(help: "What the network computes with.")
  var precision = Precision.fp32

  @Option(
    help: ArgumentHelp(
      "Threads; without it as many as the affinity mask and the cgroup's quota allow.", valueName: "number"))
  var threads: Int?

  @Flag(help: "Use seeded random weights; needed, since no model file is read.")
  var randomInit = false

  @Option(help: ArgumentHelp("Runs to time, after a few that are not counted. (default: 50)", valueName: "count"))
  var runs: Int?

  @Flag(help: "Take the number of runs from standard input, a line each time.")
  var stdin = false

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): expected a number from 1 to 1024")
    }
    if let runs, !(1...1_000_000).contains(runs) {
      throw ValidationError("--runs \(runs): expected a number from 1 to 1000000")
    }
    if stdin, runs != nil { throw ValidationError("--runs has no effect with --stdin") }
    guard randomInit else {
      throw ValidationError("only random weights can be timed, which must be asked for: add --random-init")
    }
  }

  func run() throws {
    let bench = Bench(task, options: network, threads: threads)
    // The first runs lay out memory and wake the threads.
    for _ in 0..<3 { try bench.run() }
    if stdin { try answer(bench) } else { try report(bench) }
  }

  /// The protocol of --stdin.
  private func answer(_ bench: borrowing Bench) throws {
    let console = Main.console
    try console.write("ready\n")
    while let line = readLine() {
      let text = line.split(whereSeparator: \.isWhitespace).joined()
      guard let count = Int(text), (1...1_000_000).contains(count) else {
        throw Failure(.inputs, "standard input: \"\(line)\": expected a number of runs from 1 to 1000000")
      }
      let times = try bench.times(count)
      let figures = [fixed(times[0], 4), fixed(median(times), 4), fixed(Bench.peakMegabytes, 1)]
      try console.write("[" + figures.joined(separator: ", ") + "]\n")
    }
  }

  private func report(_ bench: borrowing Bench) throws {
    let times = try bench.times(runs ?? 50)
    let compute = bench.network.backbone.compute
    try Main.console.write(
      """
      \(task.rawValue)  \(bench.size)x\(bench.size)  \(precision.rawValue)  \(compute.kernels.isa.rawValue)  \
      \(compute.pool.threads) \(compute.pool.threads == 1 ? "thread" : "threads")  \(times.count) runs
        min \(fixed(times[0], 2)) ms, median \(fixed(median(times), 2)) ms, max \(fixed(times[times.count - 1], 2)) ms, \
      peak memory \(fixed(Bench.peakMegabytes, 1)) MiB

      """)
  }

  /// The middle of sorted times.
  private func median(_ times: [Double]) -> Double {
    (times[(times.count - 1) / 2] + times[times.count / 2]) / 2
  }
}

/// A network and its input, ready to be timed.
struct Bench: ~Copyable {
  let network: TaskNetwork
  let size: Int
  private let input: Tensor

  init(_ task: TaskNetwork.Task, options: NetworkOptions, threads: Int?) {
    network = options.network(task, compute: Compute(threads: threads))
    size = options.size ?? task.usualSize
    let shape = Shape(height: size, width: size, channels: 3)
    var state: UInt32 = 1
    input = Tensor(
      shape,
      (0..<shape.count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(state >> 8) / Float(1 << 23) - 1
      })
  }

  /// One run, nothing kept.
  func run() throws(Failure) {
    do { _ = try network.run(input) } catch { throw Failure(.model, error.description) }
  }

  /// Milliseconds of each run, least first.
  func times(_ count: Int) throws(Failure) -> [Double] {
    var times: [Double] = []
    times.reserveCapacity(count)
    for _ in 0..<count {
      let start = Stopwatch.now
      try run()
      times.append(Stopwatch.now - start)
    }
    return times.sorted()
  }

  /// The most memory that the process has held, in units of 2^20 bytes.
  static var peakMegabytes: Double {
    var usage = rusage()
    #if canImport(Darwin)
      unsafe getrusage(RUSAGE_SELF, &usage)
      return Double(usage.ru_maxrss) / Double(1 << 20)
    #elseif canImport(Glibc)
      unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return Double(usage.ru_maxrss) / 1024
    #else
      unsafe getrusage(RUSAGE_SELF, &usage)
      return Double(usage.ru_maxrss) / 1024
    #endif
  }
}

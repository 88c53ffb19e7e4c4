import Backbone
import CLISupport
import Kernels
import Tensors
import Graphs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Work to be timed.
protocol TimedWork: ~Copyable {
  var session: Session { get }
  /// Pixels a side of the input.
  var size: Int { get }
  /// One run; its results are discarded.
  func run() throws(Failure)
}

extension TimedWork where Self: ~Copyable {
  /// Milliseconds of each run.
  func times(_ count: Int) throws(Failure) -> Times {
    var times: [Double] = []
    times.reserveCapacity(count)
    for _ in 0..<count {
      let start = Stopwatch.now
      try run()
      times.append(Stopwatch.now - start)
    }
    return Times(times)
  }
}

/// A network and its input, ready to be timed.
struct Bench: TimedWork, ~Copyable {
  let network: Network
  let size: Int
  private let input: Tensor

  init(_ task: NetworkTask, options: NetworkOptions, threads: Int?) {
    network = options.network(task, session: Session(threads: threads))
    size = options.size ?? task.usualSize
    input = Tensor.noise(size: size)
  }

  var session: Session { network.session }

  func run() throws(Failure) {
    do { _ = try network.outputs(of: input) } catch { throw Failure(.model, told(error)) }
  }

  /// Milliseconds of each run, and of each step in them.
  func timesBySteps(_ count: Int) throws(Failure) -> (whole: Times, steps: [(step: StepInfo, times: Times)]) {
    do throws(BackboneError) {
      let steps = try network.plan(height: size, width: size).steps
      var whole: [Double] = []
      var parts = [[Double]](repeating: [], count: steps.count)
      for _ in 0..<count {
        let start = Stopwatch.now
        var last = start
        _ = try network.outputs(of: input) { step in
          let now = Stopwatch.now
          parts[step].append(now - last)
          last = now
        }
        whole.append(Stopwatch.now - start)
      }
      return (Times(whole), zip(steps, parts).map { ($0, Times($1)) })
    } catch { throw Failure(.model, told(error)) }
  }

  /// The measured peak rate of all threads together, in billions of multiply-adds per second.
  func measurePeak() -> Double {
    let rounds = 100_000
    let threads = session.pool.threads
    let kernels = session.kernels
    // The threads begin together; the best of ten tries has the least interference.
    let best = (0..<10).map { _ in
      let start = Stopwatch.now
      session.pool.run(threads) { _, _ in kernels.chain(rounds: rounds) }
      return Stopwatch.now - start
    }.min()!
    return Double(kernels.chainLength * rounds * threads) / best / 1e6
  }

  /// The peak resident memory of the process, in units of 2^20 bytes.
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

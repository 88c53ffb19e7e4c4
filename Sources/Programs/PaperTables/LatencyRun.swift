import Backbone
import CLISupport
import Kernels
import Tensors

/// The timing of networks in turn, round by round, so that a drift of the machine affects all alike.
struct LatencyRun {
  let session: Session
  let rounds: Int
  /// The least duration of a network's turn in milliseconds.
  private let turn: Double

  /// The limit in milliseconds for an uncounted run at the beginning of a turn: a shorter run suffers from caches that
  /// the other networks have filled.
  private static let settling = 100.0

  init(session: Session, isQuick: Bool) {
    self.session = session
    (rounds, turn) = isQuick ? (3, 60) : (9, 200)
  }

  /// The rows of a table with their times; a network that cannot run is noted.
  func timed(_ table: ComparedTable, on console: Console) throws(Failure) -> [ComparedRow] {
    var rows = table.rows
    // The networks of table 5 are not whole ones.
    guard table != .predictors else { return rows }
    let networks = rows.compactMap(\.network)
    var bar = ProgressBar("table \(table.rawValue)", total: rounds * networks.count, unit: "turns", on: console)
    let times = try self.times(of: networks) { bar.update($0) }
    bar.finish()
    for index in rows.indices {
      guard let network = rows[index].network else { continue }
      rows[index].times = times[network]
      if rows[index].times == nil { rows[index].notes.append(.notTimed) }
    }
    return rows
  }

  /// One network with its input and the times of its runs.
  private final class Runner {
    let network: Network
    let input: Tensor
    var times: [Double] = []

    init(_ network: Network, size: Int) {
      self.network = network
      input = Tensor.noise(size: size)
    }

    /// Runs the network once.
    ///
    /// - Returns: the duration in milliseconds.
    func run() throws(Failure) -> Double {
      let start = Stopwatch.now
      do { _ = try network.outputs(of: input) } catch { throw Failure(.model, told(error)) }
      return Stopwatch.now - start
    }
  }

  /// The times of all runs of each network that can run.
  ///
  /// All networks are in memory at the same time, and released at the end.
  /// - Parameter ended: called with the number of turns so far.
  private func times(of networks: [ComparedNetwork], ended: (Int) -> Void) throws(Failure) -> [ComparedNetwork: Times] {
    // All input sizes of a network share one object.
    var built: [ComparedNetwork: Network] = [:]
    var runners: [(network: ComparedNetwork, runner: Runner)] = []
    for network in networks {
      let key = network.with(size: 0)
      let found = built[key] ?? .random(network.graph, on: session)
      built[key] = found
      let runner = Runner(found, size: network.size)
      // The first run allocates memory and wakes the threads.
      _ = try runner.run()
      runners.append((network, runner))
    }
    var turns = 0
    for _ in 0..<rounds {
      for (_, runner) in runners {
        if runner.times.last ?? 0 < LatencyRun.settling { _ = try runner.run() }
        let start = Stopwatch.now
        repeat { runner.times.append(try runner.run()) } while Stopwatch.now - start < turn
        turns += 1
        ended(turns)
      }
    }
    return Dictionary(uniqueKeysWithValues: runners.map { ($0.network, Times($0.runner.times)) })
  }
}

import Backbone
import CLISupport
import Kernels
import Tensors

/// Times networks in turn, round by round, so that a drift of the machine hits all alike.
struct LatencyRun {
  let session: Session
  let rounds: Int
  /// Milliseconds of a network's turn, at least.
  private let turn: Double

  /// A network whose runs are shorter is run once uncounted when its turn begins: the others have taken its caches.
  private static let settling = 100.0

  init(session: Session, isQuick: Bool) {
    self.session = session
    (rounds, turn) = isQuick ? (3, 60) : (9, 200)
  }

  /// A table's lines with their times; what cannot be run is noted.
  func timed(_ table: ComparedTable, on console: Console) throws(Failure) -> [ComparedRow] {
    var rows = table.rows
    // What table 5 counts is no whole network.
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

    /// Milliseconds of a run.
    func run() throws(Failure) -> Double {
      let start = Stopwatch.now
      do { _ = try network.outputs(of: input) } catch { throw Failure(.model, told(error)) }
      return Stopwatch.now - start
    }
  }

  /// The times of all runs of each network that can be run.
  ///
  /// All are in memory at once, and released at the end.
  /// - Parameter ended: told the number of turns so far.
  private func times(of networks: [ComparedNetwork], ended: (Int) -> Void) throws(Failure) -> [ComparedNetwork: Times] {
    // Sizes of input share a network.
    var built: [ComparedNetwork: Network] = [:]
    var runners: [(network: ComparedNetwork, runner: Runner)] = []
    for network in networks {
      let key = network.with(size: 0)
      let found = built[key] ?? .random(network.graph, on: session)
      built[key] = found
      let runner = Runner(found, size: network.size)
      // The first run lays out memory and wakes the threads.
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

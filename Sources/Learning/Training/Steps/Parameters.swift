import Kernels
import ModelFiles
import Tensors

/// A trained tensor, with its gradient and the optimiser's moments.
package struct Parameter: Sendable {
  package let name: String
  package let shape: [Int]
  package let value, gradient: FloatSlice
  /// The optimiser's first and second moments.
  package let first, second: FloatSlice
  /// Whether it has weight decay: weights do, biases, factors and offsets don't.
  package let decays: Bool
  /// The backbone's block that it belongs to, pretrained on more data and trained at a lower rate; `nil` in a head.
  package let block: Int?

  package init(name: String, shape: [Int], values: [Float], decays: Bool, block: Int?) {
    self.name = name
    self.shape = shape
    self.decays = decays
    self.block = block
    value = FloatSlice(values)
    gradient = FloatSlice(zeros: values.count)
    first = FloatSlice(zeros: values.count)
    second = FloatSlice(zeros: values.count)
  }
}

/// All tensors of a network that change in training.
package final class ParameterSet {
  package private(set) var parameters: [Parameter] = []
  /// Batch norm's running means and variances, which are measured and not trained.
  package private(set) var measured: [(name: String, values: FloatSlice)] = []

  package init() {}

  package func add(_ parameter: Parameter) { parameters.append(parameter) }

  func add(measured name: String, _ values: [Float]) -> FloatSlice {
    let slice = FloatSlice(values)
    measured.append((name, slice))
    return slice
  }

  /// The weight averages, of the parameters and then of the running moments; empty where none are kept.
  private var averages: [FloatSlice] = []

  /// The averaged tensors.
  private var averaged: [(name: String, values: FloatSlice)] {
    parameters.map { ($0.name, $0.value) } + measured
  }

  /// Begins to keep weight averages.
  func keepAverages() {
    guard averages.isEmpty else { return }
    averages = averaged.map { FloatSlice($0.values.values) }
  }

  /// Updates the averages: the mean of the first few steps, then an exponential moving average.
  ///
  /// - Parameters:
  ///   - decay: the weight of the previous average, below 1.
  ///   - step: counted from 0.
  func followAverages(decay: Float, step: Int, on kernels: TrainingKernels) {
    let decay = min(decay, Float(step + 1) / Float(step + 10))
    for (average, one) in zip(averages, averaged) { kernels.follow(average, one.values, share: 1 - decay) }
  }

  /// Runs `body` with the averages instead of the weights, where averages are kept.
  package func withAverages<R>(_ body: () -> R) -> R { with(averages, body) }

  /// Runs `body` with other values, in the order of `averaged`, instead of the present ones; without any, with the
  /// present ones.
  private func with<R>(_ others: [FloatSlice], _ body: () -> R) -> R {
    guard !others.isEmpty else { return body() }
    let values = averaged.map { $0.values.values }
    for (one, other) in zip(averaged, others) { one.values.copy(from: other) }
    defer { for (one, values) in zip(averaged, values) { one.values.set(values) } }
    return body()
  }

  /// The values of the best epoch so far, in the order of `averaged`; at first the initial ones.
  private var best: [FloatSlice] = []

  /// Begins to keep the best values.
  ///
  /// The present ones count as the best until `keepBest` is called.
  func keepBestValues() { best = averaged.map { FloatSlice($0.values.values) } }

  /// Keeps the present values, or their averages where these are kept, as the best.
  func keepBest() {
    for (kept, value) in zip(best, averages.isEmpty ? averaged.map(\.values) : averages) { kept.copy(from: value) }
  }

  /// Resets values and averages to the best ones, and the optimiser's moments to zero.
  func returnToBest() {
    for (kept, one) in zip(best, averaged) { one.values.copy(from: kept) }
    for (kept, average) in zip(best, averages) { average.copy(from: kept) }
    for parameter in parameters {
      parameter.first.clear()
      parameter.second.clear()
    }
  }

  /// Runs `body` with the best values instead of the present ones.
  package func withBest<R>(_ body: () -> R) -> R { with(best, body) }

  /// Every tensor of a checkpoint.
  package var state: [(name: String, values: FloatSlice)] {
    parameters.map { ($0.name, $0.value) } + parameters.map { ("\($0.name).first-moment", $0.first) }
      + parameters.map { ("\($0.name).second-moment", $0.second) } + measured
      + zip(averaged, averages).map { ("\($0.name).average", $1) } + zip(averaged, best).map { ("\($0.name).best", $1) }
  }
}

/// The random initialisation of a layer.
///
/// The n-th value depends on the seed, the tensor's name and n alone.
struct Initializer {
  let seed: UInt64

  /// He's normal distribution for layers before rectifiers: variance 2 / fan-in.
  ///
  /// Source: "Delving Deep into Rectifiers", section 2.2.
  func weights(_ name: String, count: Int, fanIn: Int) -> [Float] {
    let deviation = (2 / Double(fanIn)).squareRoot()
    var random = SeededRandom(seed ^ SeededRandom.seed(of: name))
    return (0..<count).map { _ in
      // The sum of twelve uniform deviates has a variance of 1 and needs no logarithms.
      let sum = (0..<12).reduce(0.0) { total, _ in total + random.uniform() }
      return Float((sum - 6) * deviation)
    }
  }
}

extension SeededRandom {
  /// The numbers 0 ..< count in a random order.
  mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      // Below 2^32 the product's upper half is uniform to one part in 2^32.
      order.swapAt(i, Int(((next() >> 32) * UInt64(i + 1)) >> 32))
    }
    return order
  }
}

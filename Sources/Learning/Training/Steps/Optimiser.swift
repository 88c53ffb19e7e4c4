import Kernels

/// The optimiser of a training run, with its learning-rate schedule.
public struct Optimiser: Codable, Hashable, Sendable {
  /// The rule by which gradients change the weights.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Stochastic gradient descent with momentum.
    case sgd
    /// Adam with decoupled weight decay. Source: "Decoupled Weight Decay Regularization", algorithm 2.
    case adamw
  }

  /// The update rule.
  public var kind: Kind
  /// The greatest rate, for the head's layers.
  public var rate: Float
  /// The factor of the rate for the deepest trained block of the backbone.
  public var backboneFactor: Float
  /// The factor of the rate from each trained block to the one before it; 1 gives equal rates.
  ///
  /// Source: "Universal Language Model Fine-tuning for Text Classification", section 3.2, discriminative fine-tuning.
  public var layerDecay: Float
  /// The decay of weights in a step, relative to the rate; biases and batch norm's factors and offsets have none.
  ///
  /// AdamW shrinks the weights themselves, SGD adds the decay to the gradient.
  public var weightDecay: Float
  /// SGD's momentum, in [0, 1): the part of the last step's direction that is kept.
  public var momentum: Float = 0.9
  /// The decay of AdamW's average of gradients, in [0, 1).
  public var beta1: Float = 0.9
  /// The decay of AdamW's average of squared gradients, in [0, 1).
  public var beta2: Float = 0.999
  /// AdamW's addend to the root of that average, against divisions by zero.
  public var epsilon: Float = 1e-8
  /// Steps of the warm-up, in which the rate rises from 0.
  public var warmUp: Int

  /// Creates an optimiser; momentum, betas and epsilon have their usual values.
  public init(
    _ kind: Kind, rate: Float, backboneFactor: Float = 0.1, layerDecay: Float = 1, weightDecay: Float = 1e-4,
    warmUp: Int = 100
  ) {
    self.kind = kind
    self.rate = rate
    self.backboneFactor = backboneFactor
    self.layerDecay = layerDecay
    self.weightDecay = weightDecay
    self.warmUp = warmUp
  }

  /// The rate of a step, counted from 0, of `total` steps: a linear warm-up, then half a cosine down to 0.
  ///
  /// The factors of the backbone's blocks are not in it.
  ///
  /// Source: "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5, without restarts.
  public func rate(atStep step: Int, of total: Int) -> Float {
    if step < warmUp { return rate * Float(step + 1) / Float(warmUp) }
    let share = Double(step - warmUp) / Double(max(total - warmUp, 1))
    return rate * Float(0.5 * (1 + Optimiser.cosine(min(share, 1))))
  }

  /// cos(πx) for x in [0, 1], the same bits on every system.
  private static func cosine(_ x: Double) -> Double {
    // cos(πx) = -cos(π(1 - x)), and below a half the series converges within 12 terms.
    if x > 0.5 { return -cosine(1 - x) }
    let square = x * x * Double.pi * Double.pi
    var (term, sum) = (1.0, 1.0)
    for k in 1...12 {
      term *= -square / Double((2 * k - 1) * 2 * k)
      sum += term
    }
    return sum
  }

  /// The factors of the rate for the trained blocks of the backbone.
  private func factors(_ parameters: [Parameter]) -> [Int: Float] {
    var factors: [Int: Float] = [:]
    var factor = backboneFactor
    for block in Set(parameters.compactMap(\.block)).sorted(by: >) {
      factors[block] = factor
      factor *= layerDecay
    }
    return factors
  }

  /// Updates every parameter by its gradient.
  ///
  /// - Parameters:
  ///   - step: counted from 0.
  ///   - origin: the last step at which the moments were reset to zero.
  ///   - share: a factor of the schedule's rate.
  package func apply(
    to parameters: ParameterSet, step: Int, of total: Int, since origin: Int = 0, share: Float = 1,
    on kernels: TrainingKernels
  ) {
    var rate = rate(atStep: step, of: total) * share
    // A run that was reset has another warm-up.
    if origin > 0, step - origin < warmUp { rate *= Float(step - origin + 1) / Float(warmUp) }
    let factors = factors(parameters.parameters)
    for parameter in parameters.parameters {
      let rate = parameter.block.map { rate * factors[$0]! } ?? rate
      let decay = parameter.decays ? weightDecay : 0
      switch kind {
      case .sgd:
        kernels.descend(
          parameter.value, parameter.gradient, momentum: parameter.first, rate: rate, factor: momentum, decay: decay)
      case .adamw:
        kernels.adamw(
          parameter.value, parameter.gradient, first: parameter.first, second: parameter.second,
          step: step - origin + 1, rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay)
      }
    }
  }
}

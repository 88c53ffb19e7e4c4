import Graphs
import ModelFiles
import Tensors

extension Weights {
  /// Random weights of the right shapes and a realistic scale, for timing and tests.
  ///
  /// They detect nothing.
  ///
  /// He-scaled from a seeded generator: the same seed gives the same values everywhere.
  /// - Complexity: O(elements) when a tensor is read; none is kept.
  public static func random(_ parameters: [ParameterInfo], seed: UInt64 = 1) -> Weights {
    Weights(source: "random weights", making: parameters.map { ($0.name, $0.shape) }) { entry in
      let shape = entry.shape
      // A bias is small; a weight's variance is 2 / (inputs of one output). A uniform deviate has a variance of 1 / 12.
      let isBias = shape.count == 1
      let isDepthwise = shape.count == 3
      let fanIn = isDepthwise ? 9 : max(entry.count / shape.last!, 1)
      let spread = isBias ? 0.2 : (24 / Float(fanIn)).squareRoot()
      // The upper 24 bits make a float in [0, 1).
      var random = SeededRandom(seed &+ SeededRandom.step &* UInt64(entry.offset))
      return (0..<entry.count).map { _ in (Float(random.next() >> 40) / Float(1 << 24) - 0.5) * spread }
    }
  }
}

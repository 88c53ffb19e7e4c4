import ModelFiles

extension Weights {
  /// Weights of the right shapes and a realistic scale, for timing and tests: they find nothing.
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
      // SplitMix64: the n-th number needs no history. The upper 24 bits make a float in [0, 1).
      var state = seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(entry.offset)
      return (0..<entry.count).map { _ in
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (Float((z ^ (z >> 31)) >> 40) / Float(1 << 24) - 0.5) * spread
      }
    }
  }
}

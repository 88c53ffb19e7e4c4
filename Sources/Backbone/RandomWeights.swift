import ModelFiles

extension Weights {
  /// Weights of the right shapes and a realistic scale, for timing and tests: they find nothing.
  ///
  /// He-scaled from a seeded generator: the same seed gives the same values everywhere.
  /// - Complexity: O(elements).
  public static func random(_ parameters: [ParameterInfo], seed: UInt64 = 1) -> Weights {
    var state = seed
    func next() -> Float {
      // SplitMix64; the upper 24 bits make a float in [0, 1).
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Float((z ^ (z >> 31)) >> 40) / Float(1 << 24)
    }
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for parameter in parameters {
      let count = parameter.shape.reduce(1, *)
      // A bias is small; a weight's variance is 2 / (inputs of one output). A uniform deviate has a variance of 1 / 12.
      let isBias = parameter.shape.count == 1
      let depthwise = parameter.shape.count == 3
      let fanIn = depthwise ? 9 : max(count / parameter.shape.last!, 1)
      let spread = isBias ? 0.2 : (24 / Float(fanIn)).squareRoot()
      tensors[parameter.name] = (parameter.shape, (0..<count).map { _ in (next() - 0.5) * spread })
    }
    return Weights(source: "random weights", tensors: tensors)
  }
}

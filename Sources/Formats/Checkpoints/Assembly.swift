/// The names of a layer's tensors in a foreign file.
struct LayerNames: Hashable {
  /// The tensors added after the weight.
  enum Offset: Hashable {
    case normalisation(gamma: String, beta: String, mean: String, variance: String)
    case bias(String)
  }

  let weight: String
  let offset: Offset
}

/// A layer, its names in the file, and the epsilon of its batch norm.
struct LayerRecipe {
  let layer: PlannedLayer
  var names: LayerNames
  var epsilon: Double
}

/// Turns the tensors of a foreign file into those of the native file: names checked as a set, batch norm folded,
/// layouts changed.
struct Assembly {
  let table: TensorTable
  let family: Family
  let layout: Layout
  let recipes: [LayerRecipe]
  /// Whether a tensor without a layer is allowed, for example an optimiser's slot.
  let ignores: (String) -> Bool

  /// The native tensors, and the foreign tensors that were used.
  struct Product {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    var used: [String] = []
    var ignored: [String] = []
    /// The number of denormal values that were set to zero.
    var flushed = 0
  }

  /// Refuses the file unless its tensors are exactly those of the network.
  ///
  /// - Throws: `CheckpointError.mismatch` with all tensors that are missing, left over or of another shape.
  func check() throws(CheckpointError) {
    var missing: [String] = []
    var wrongShape: [String] = []
    var claimed: Set<String> = []
    func claim(_ name: String, _ accepted: [[Int]]) {
      claimed.insert(name)
      guard let found = table.shapes[name] else { return missing.append(name) }
      if accepted.contains(found) { return }
      let expected = accepted.first { $0.count == found.count } ?? accepted[0]
      wrongShape.append("\(name) \(found) instead of \(expected)")
    }
    for recipe in recipes {
      claim(recipe.names.weight, layout.shapes(of: recipe.layer))
      let vector = [[recipe.layer.outputs]]
      switch recipe.names.offset {
      case .bias(let name): claim(name, vector)
      case .normalisation(let gamma, let beta, let mean, let variance):
        for name in [gamma, beta, mean, variance] { claim(name, vector) }
      }
    }
    let leftOver = table.shapes.keys.filter { !claimed.contains($0) && !ignores($0) }.sorted()
    guard missing.isEmpty, leftOver.isEmpty, wrongShape.isEmpty else {
      throw .mismatch(
        path: table.path, family: family.rawValue, missing: missing, leftOver: leftOver, wrongShape: wrongShape)
    }
  }

  /// Folds and converts every layer; to be called after `check()`.
  ///
  /// - Throws: `CheckpointError.notFinite` for NaN, infinities and negative variances, with the tensor's name.
  func assemble() throws(CheckpointError) -> Product {
    var product = Product()
    for recipe in recipes {
      let (layer, names) = (recipe.layer, recipe.names)
      var weight = layout.native(try table.values(names.weight), layer)
      var bias: [Float]
      product.used.append(names.weight)
      switch names.offset {
      case .bias(let name):
        bias = try table.values(name)
        product.used.append(name)
      case .normalisation(let gamma, let beta, let mean, let variance):
        let fold = try BatchNormFold(
          gamma: table.values(gamma), beta: table.values(beta), mean: table.values(mean),
          variance: nonNegative(variance, epsilon: recipe.epsilon), epsilon: recipe.epsilon)
        fold.scale(&weight)
        bias = fold.bias
        product.used += [gamma, beta, mean, variance]
      }
      product.flushed += try flush(&weight, names.weight) + flush(&bias, names.weight)
      product.tensors["\(layer.id.name).weight"] = (layer.shape, weight)
      product.tensors["\(layer.id.name).bias"] = ([layer.outputs], bias)
    }
    let used = Set(product.used)
    product.ignored = table.shapes.keys.filter { !used.contains($0) }.sorted()
    return product
  }

  private func nonNegative(_ name: String, epsilon: Double) throws(CheckpointError) -> [Float] {
    let values = try table.values(name)
    if let index = values.firstIndex(where: { $0 < 0 || Double($0) + epsilon == 0 }) {
      throw .notFinite(path: table.path, name: name, index: index, value: "the variance \(values[index])")
    }
    return values
  }

  /// Sets denormals to zero: they slow down the arithmetic and have no visible effect on results.
  private func flush(_ values: inout [Float], _ name: String) throws(CheckpointError) -> Int {
    var flushed = 0
    for i in values.indices where !values[i].isNormal {
      guard values[i].isFinite else {
        throw .notFinite(path: table.path, name: name, index: i, value: "\(values[i]) after folding")
      }
      if values[i] != 0 { flushed += 1 }
      values[i] = 0
    }
    return flushed
  }
}

/// A batch norm as a factor and an offset of each channel, in double precision until the final rounding.
package struct BatchNormFold {
  private let factors: [Double]
  package let bias: [Float]

  /// `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`, by channel; all arrays have the same length.
  package init(gamma: [Float], beta: [Float], mean: [Float], variance: [Float], epsilon: Double) {
    factors = gamma.indices.map { Double(gamma[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
    var bias: [Float] = []
    for i in gamma.indices { bias.append(Float(Double(beta[i]) - Double(mean[i]) * factors[i])) }
    self.bias = bias
  }

  /// Multiplies a weight in native order, with output channels contiguous.
  package func scale(_ weight: inout [Float]) {
    var start = 0
    while start < weight.count {
      for channel in factors.indices {
        weight[start + channel] = Float(Double(weight[start + channel]) * factors[channel])
      }
      start += factors.count
    }
  }
}

/// Batch norms that are not an operation of their own: as separate arithmetic, or folded into the weights of the file.
extension GraphConventions {
  /// The operations of a batch norm as separate arithmetic.
  static let arithmetic = ["Add", "AddV2", "Mul", "Sub"]

  /// The names of such a batch norm's tensors, the same in every graph.
  private static let parts = ["/gamma", "/beta", "/moving_mean", "/moving_variance"]

  /// Whether an operation of the arithmetic is given that constant as a weight: a part of a batch norm, or the offset
  /// of a convolution whose batch norm is folded.
  func isOperand(_ constant: TFNode, _ tensor: TFTensorValue, of node: TFNode) -> Bool {
    guard GraphConventions.arithmetic.contains(node.op), tensor.shape.dimensions.count == 1 else { return false }
    if GraphConventions.parts.contains(where: { constant.name.hasSuffix($0) }) { return true }
    return ["Add", "AddV2"].contains(node.op) && node.inputs.contains { isConvolution(graph.source($0)) }
  }

  private func isConvolution(_ node: TFNode?) -> Bool {
    guard let node else { return false }
    return ["Conv2D", "DepthwiseConv2dNative", "BatchToSpaceND"].contains(node.op)
  }

  /// The constant added to the output of the convolution with that weight, if only an addition follows.
  func foldedOffset(_ weight: String) -> String? {
    let users = graph.consumers(weight).filter { GraphConventions.weighted.contains($0.op) }
    guard users.count == 1, var output = users.first else { return nil }
    if let after = graph.consumers(output.name).first, after.op == "BatchToSpaceND" { output = after }
    guard let node = addition(after: output) else { return nil }
    return other(node, than: output).flatMap(graph.source)?.name
  }

  /// The addition of a constant that follows an operation, if any.
  func addition(after output: TFNode) -> TFNode? {
    let next = graph.consumers(output.name)
    guard next.count == 1, let node = next.first, ["Add", "AddV2", "BiasAdd"].contains(node.op),
      let offset = other(node, than: output).flatMap(graph.source), offset.op == "Const"
    else { return nil }
    return node
  }

  /// The tensors, the epsilon and the last operation of a batch norm as separate arithmetic.
  struct SpeltNorm {
    let gamma, beta, mean, variance: String
    let epsilon: Float
    let end: TFNode
  }

  /// The batch norm `x * (gamma * rsqrt(variance + epsilon)) + (beta - mean * (...))` after an operation, if that
  /// follows.
  func speltNorm(after output: TFNode) -> SpeltNorm? {
    let next = graph.consumers(output.name)
    guard next.count == 1, let scaled = next.first, scaled.op == "Mul",
      let factor = other(scaled, than: output).flatMap(graph.source), factor.op == "Mul",
      let (root, gamma) = pair(factor, first: "Rsqrt"),
      let sum = root.inputs.first.flatMap(graph.source), ["Add", "AddV2"].contains(sum.op), sum.inputs.count == 2,
      let epsilon = sum.inputs.compactMap(graph.numbers).first(where: { $0.count == 1 })?.first,
      let variance = sum.inputs.compactMap(graph.source).first(where: { $0.name.hasSuffix("/moving_variance") }),
      let end = graph.consumers(scaled.name).first, ["Add", "AddV2"].contains(end.op),
      let offset = other(end, than: scaled).flatMap(graph.source), offset.op == "Sub", offset.inputs.count == 2,
      let beta = graph.source(offset.inputs[0]), let shift = graph.source(offset.inputs[1]), shift.op == "Mul",
      let mean = other(shift, than: factor).flatMap(graph.source)
    else { return nil }
    return SpeltNorm(
      gamma: gamma.name, beta: beta.name, mean: mean.name, variance: variance.name, epsilon: Float(epsilon), end: end)
  }

  /// The input that is not the given operation, of a node with two inputs.
  private func other(_ node: TFNode, than operation: TFNode) -> String? {
    guard node.inputs.count == 2 else { return nil }
    return node.inputs.first { graph.source($0)?.name != operation.name }
  }

  /// The two inputs of a node, with the given operation first.
  private func pair(_ node: TFNode, first operation: String) -> (TFNode, TFNode)? {
    guard node.inputs.count == 2 else { return nil }
    let sources = node.inputs.compactMap(graph.source)
    guard sources.count == 2, let place = sources.firstIndex(where: { $0.op == operation }) else { return nil }
    return (sources[place], sources[1 - place])
  }
}

import ModelFiles
import Tensors

/// The conventions of each layer, read from a graph and checked against the network's layers.
struct GraphConventions {
  let graph: GraphFile
  private var path: String { graph.path }

  /// The graph's conventions of one layer.
  struct Found: Equatable {
    var stride = 1
    var dilation = 1
    var activation = Activation.linear
    /// The epsilon of the batch norm, if there is one.
    var epsilon: Float?
    /// The padding rules with the same zeros.
    var paddings = Set(Padding.allCases)
  }

  /// The operations with weights; a weight of theirs without a layer is left over.
  static let weighted = [
    "Conv2D", "DepthwiseConv2dNative", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "BiasAdd", "MatMul",
  ]

  /// The weights of those operations.
  func operands() -> [String: TFTensorValue] {
    var operands: [String: TFTensorValue] = [:]
    for node in graph.nodes {
      let isWeighted = GraphConventions.weighted.contains(node.op)
      guard isWeighted || GraphConventions.arithmetic.contains(node.op) else { continue }
      for input in isWeighted ? node.inputs.dropFirst() : node.inputs[...] {
        guard let source = graph.source(input), source.op == "Const", let tensor = source.attributes["value"]?.tensor,
          tensor.type == GraphFile.float, isWeighted || isOperand(source, tensor, of: node)
        else { continue }
        operands[source.name] = tensor
      }
    }
    return operands
  }

  /// Follows one layer from its weight to its activation.
  ///
  /// - Throws: `CheckpointError.convention` for anything that the network's layers do not have.
  func inspect(_ recipe: LayerRecipe, in network: NetworkFamily) throws(CheckpointError) -> Found {
    let id = recipe.layer.id
    func fault(_ expected: String, _ found: String) -> CheckpointError {
      .convention(path: path, layer: id.name, expected: expected, found: found)
    }
    let depthwise = recipe.layer.kind == .depthwise
    let users = graph.consumers(recipe.names.weight).filter { GraphConventions.weighted.contains($0.op) }
    guard let convolution = users.first, users.count == 1 else {
      throw fault("one operation that uses \(recipe.names.weight)", "\(users.count)")
    }
    let operation = depthwise ? "DepthwiseConv2dNative" : "Conv2D"
    if convolution.op == "MatMul" && id == .classifier { return Found() }
    guard convolution.op == operation else { throw fault(operation, convolution.op) }
    if let format = convolution.string("data_format"), format != "NHWC" { throw fault("data format NHWC", format) }
    guard let strides = square(convolution.integers("strides") ?? [1, 1, 1, 1]),
      var dilation = square(convolution.integers("dilations") ?? [1, 1, 1, 1])
    else { throw fault("the same stride and dilation along both axes", "others") }
    var output = convolution
    var padding = convolution.string("padding") ?? "none"
    // In older graphs a dilation is a space-to-batch, a convolution without padding and a batch-to-space.
    if let before = convolution.inputs.first.flatMap(graph.source), before.op == "SpaceToBatchND" {
      guard let blocks = before.inputs.dropFirst().first.flatMap(graph.numbers), blocks.count == 2,
        blocks[0] == blocks[1], blocks[0] >= 1, blocks[0] <= 64, dilation == 1, padding == "VALID",
        let after = graph.consumers(convolution.name).first, after.op == "BatchToSpaceND"
      else { throw fault("a dilation as SpaceToBatchND and BatchToSpaceND", "another arrangement") }
      dilation = Int64(blocks[0])
      padding = "SAME"
      output = after
    }
    var found = Found(stride: Int(strides), dilation: Int(dilation))
    if recipe.layer.kind != .pointwise {
      let pad = padding == "VALID" ? convolution.inputs.first.flatMap(graph.source) : nil
      if let pad, pad.op == "Pad" || pad.op == "PadV2" {
        found.paddings = try paddings(pad, found, id)
      } else {
        guard padding == "SAME" else { throw fault("padding SAME", "padding \(padding)") }
        if found.stride > 1 { found.paddings = [.same] }
      }
    }
    output = try checkOffset(recipe, after: output, &found)
    found.activation = activation(after: output)
    let expected = id.activation(in: network)
    guard found.activation == expected else { throw fault(expected.title, found.activation.title) }
    return found
  }

  /// The padding rules that agree with an explicit padding.
  ///
  /// Zeros at the end alone are equal to SAME if a map's extents are even.
  private func paddings(_ pad: TFNode, _ found: Found, _ id: LayerID) throws(CheckpointError) -> Set<Padding> {
    let amounts = pad.inputs.dropFirst().first.flatMap(graph.numbers) ?? []
    let d = Double(found.dilation)
    if amounts == [0, 0, d, d, d, d, 0, 0] { return found.stride == 1 ? [.same, .symmetric] : [.symmetric] }
    if amounts == [0, 0, 0, 1, 0, 1, 0, 0], found.stride == 2, found.dilation == 1 { return [.same] }
    throw .convention(
      path: path, layer: id.name, expected: "zeros on all sides or at the ends", found: "the padding \(amounts)")
  }

  /// Checks the batch norm or the bias behind a convolution, and that its inputs are the tensors of the expected names.
  private func checkOffset(
    _ recipe: LayerRecipe, after output: TFNode, _ found: inout Found
  ) throws(CheckpointError) -> TFNode {
    func fault(_ expected: String, _ found: String) -> CheckpointError {
      .convention(path: path, layer: recipe.layer.id.name, expected: expected, found: found)
    }
    let next = graph.consumers(output.name)
    switch recipe.names.offset {
    case .bias(let bias):
      guard let node = next.first(where: { $0.op == "BiasAdd" }) ?? addition(after: output) else {
        throw fault("a bias", "none")
      }
      let given = node.inputs.map { graph.source($0)?.name ?? "?" }.filter { $0 != output.name }
      guard given == [bias] else { throw fault("the bias \(bias)", given.joined(separator: ", ")) }
      return node
    case .normalisation(let gamma, let beta, let mean, let variance):
      if let norm = speltNorm(after: output) {
        let given = [norm.gamma, norm.beta, norm.mean, norm.variance]
        guard given == [gamma, beta, mean, variance] else {
          throw fault("a batch norm with \(gamma), ...", given.joined(separator: ", "))
        }
        found.epsilon = norm.epsilon
        return norm.end
      }
      guard let node = next.first(where: { $0.op.hasPrefix("FusedBatchNorm") }), next.count == 1 else {
        throw fault("a batch norm", next.map(\.op).joined(separator: ", "))
      }
      let given = node.inputs.dropFirst().prefix(4).map { graph.source($0)?.name ?? "?" }
      guard given == [gamma, beta, mean, variance] else {
        throw fault("a batch norm with \(gamma), ...", given.joined(separator: ", "))
      }
      if node.flag("is_training") ?? true { throw fault("a batch norm made for inference", "one made for training") }
      // TensorFlow's default for graphs without the attribute.
      found.epsilon = node.number("epsilon") ?? 1e-4
      return node
    }
  }

  private func activation(after node: TFNode) -> Activation {
    let operations = Set(graph.consumers(node.name).map(\.op))
    if operations.contains("Relu6") { return .relu6 }
    return operations.contains("Relu") ? .relu : .linear
  }

  /// The number n of `[1, n, n, 1]`.
  private func square(_ list: [Int64]) -> Int64? {
    guard list.count == 4, list[0] == 1, list[3] == 1, list[1] == list[2], (1...64).contains(list[1]) else {
      return nil
    }
    return list[1]
  }
}

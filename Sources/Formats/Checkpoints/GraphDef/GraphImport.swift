import Files
import ModelFiles
import Tensors

/// The import of a TensorFlow frozen graph: weights by name, conventions from the operations around them.
enum GraphImport {
  /// - Throws: `CheckpointError`.
  static func draft(_ scan: GraphScan) throws(CheckpointError) -> Draft {
    let file = scan.file
    let graph = try GraphFile(scan)
    if let node = graph.nodes.first(where: { $0.op.hasPrefix("FakeQuant") }) {
      throw .unsupported(
        path: file.path, reason: "is trained for 8 bits (\(node.name)); use the float version of the model")
    }
    let conventions = GraphConventions(graph: graph)
    let operands = conventions.operands()
    var shapes: [String: [Int]] = [:]
    for (name, tensor) in operands {
      guard let shape = GraphFile.shape(tensor) else {
        throw .malformed(path: file.path, offset: nil, reason: "the constant \(name) has an unusable shape")
      }
      shapes[name] = shape
    }
    let table = TensorTable(path: file.path, shapes: shapes) { name throws(CheckpointError) in
      guard let tensor = operands[name] else {
        throw .malformed(path: file.path, offset: nil, reason: "the constant \(name) is missing")
      }
      return try graph.floats(tensor, name: name)
    }
    var recognition = try Recognition(table)
    for i in recognition.recipes.indices {
      // A batch norm that was folded earlier keeps the weight's name, but its offset has any name.
      let names = recognition.recipes[i].names
      guard case .normalisation(let gamma, let beta, let mean, let variance) = names.offset,
        [gamma, beta, mean, variance].allSatisfy({ table.shapes[$0] == nil }),
        let offset = conventions.foldedOffset(names.weight)
      else { continue }
      recognition.recipes[i].epsilon = 0
      recognition.recipes[i].names = LayerNames(weight: names.weight, offset: .bias(offset))
    }
    // Names and shapes are checked first: their list is a better message than the first missing operation.
    try recognition.assembly.check()
    let (outputStride, padding) = try verify(&recognition, conventions)
    var draft = Draft(recognition)
    draft.outputStride = outputStride
    draft.padding = padding
    let facts = GraphFacts(graph: graph)
    draft.inputSize = facts.placeholderSize
    if recognition.detectionOutputs != nil {
      draft.detection = try facts.detection()
      draft.inputSize = draft.detection.inputSize ?? draft.inputSize
    }
    if recognition.segmentationOutputs != nil { draft.segmentation = try facts.segmentation() }
    return draft
  }

  /// Checks every layer against the graph's operations, and takes each layer's epsilon from there.
  ///
  /// - Returns: the output stride that follows from the strides and dilations, and the padding rule.
  private static func verify(
    _ recognition: inout Recognition, _ conventions: GraphConventions
  ) throws(CheckpointError) -> (outputStride: Int, padding: Padding) {
    let path = recognition.table.path
    var paddings = Set(Padding.allCases)
    var strides: [LayerID: (stride: Int, dilation: Int)] = [:]
    for i in recognition.recipes.indices {
      let found = try conventions.inspect(recognition.recipes[i], in: recognition.plan.network)
      if let epsilon = found.epsilon { recognition.recipes[i].epsilon = Double(epsilon) }
      let id = recognition.recipes[i].layer.id
      strides[id] = (found.stride, found.dilation)
      paddings.formIntersection(found.paddings)
      if paddings.isEmpty {
        throw .convention(
          path: path, layer: id.name, expected: "padding SAME or symmetric throughout", found: "a mixture")
      }
    }
    let outputStride = try StrideCheck(path: path, plan: recognition.plan).outputStride(strides)
    return (outputStride, paddings.contains(.same) ? .same : .symmetric)
  }
}

/// The check of a file's strides and dilations against the network's at one output stride.
struct StrideCheck {
  let path: String
  let plan: BackbonePlan

  /// - Throws: `CheckpointError.convention` at the first layer that differs.
  func outputStride(_ found: [LayerID: (stride: Int, dilation: Int)]) throws(CheckpointError) -> Int {
    let outputStride = plan.blocks.indices.reduce(2) { $0 * (found[.depthwise($1)]?.stride ?? 1) }
    let expected = plan.strides(outputStride: outputStride)
    for (id, found) in found.sorted(by: { $0.key.name < $1.key.name }) {
      let wanted: (stride: Int, dilation: Int) =
        switch id {
        case .stem, .extraDepthwise: (2, 1)
        case .depthwise(let i): expected[i]
        default: (1, 1)
        }
      guard found == wanted else {
        throw .convention(
          path: path, layer: id.name, expected: "stride \(wanted.stride) and dilation \(wanted.dilation)",
          found: "stride \(found.stride) and dilation \(found.dilation)")
      }
    }
    return outputStride
  }
}

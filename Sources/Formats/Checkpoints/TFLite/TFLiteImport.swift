import Files
import Tensors

/// The import of a float TensorFlow Lite model: the walk finds the layers, and their tensors are checked against the
/// network's widths.
enum TFLiteImport {
  /// - Throws: `CheckpointError`.
  static func draft(_ file: MappedFile, _ limits: Limits) throws(CheckpointError) -> Draft {
    let model = try TFLiteModel(file, limits)
    if let tensor = model.tensors.first(where: { $0.isConstant && $0.shape.count == 4 && $0.type?.isEightBit ?? false })
    {
      throw .unsupported(
        path: file.path, reason: "is an 8-bit model (the tensor \(tensor.name)); use the float version of it")
    }
    var walk = TFLiteWalk(model)
    try walk.run()
    let names = uniqueNames(model)
    var shapes: [String: [Int]] = [:]
    var indices: [String: Int] = [:]
    for (i, tensor) in model.tensors.enumerated() where tensor.isConstant && tensor.type?.isFloat ?? false {
      shapes[names[i]] = tensor.shape
      indices[names[i]] = i
    }
    let table = TensorTable(path: file.path, shapes: shapes) { name throws(CheckpointError) in
      guard let index = indices[name] else {
        throw .malformed(path: file.path, offset: nil, reason: "the tensor \(name) is missing")
      }
      return try model.floats(model.tensors[index])
    }
    let recognition = Recognition(table, walk: walk, names: names)
    try recognition.assembly.check()
    var strides: [LayerID: (stride: Int, dilation: Int)] = [:]
    for layer in walk.found { strides[layer.id] = (layer.stride, layer.dilation) }
    var draft = Draft(recognition)
    draft.outputStride = try StrideCheck(path: file.path, plan: recognition.plan).outputStride(strides)
    draft.inputSize = walk.inputSize
    draft.padding = walk.paddings.contains(.same) ? .same : .symmetric
    draft.segmentation.upsampling = walk.upsampling
    return draft
  }

  /// The tensors' names with their indices, since names may be empty or shared.
  private static func uniqueNames(_ model: TFLiteModel) -> [String] {
    var counts: [String: Int] = [:]
    for tensor in model.tensors { counts[tensor.name, default: 0] += 1 }
    return model.tensors.enumerated().map { i, tensor in
      counts[tensor.name] == 1 && !tensor.name.isEmpty ? tensor.name : "\(tensor.name)#\(i)"
    }
  }
}

extension TFLiteModel.ElementType {
  var isFloat: Bool { self == .float32 || self == .float16 }
  var isEightBit: Bool { self == .uint8 || self == .int8 }
}

extension Recognition {
  /// A network whose layers were recognised by their operators.
  init(_ table: TensorTable, walk: TFLiteWalk, names: [String]) {
    var observed: [LayerID: Int] = [:]
    var found: [LayerID: TFLiteWalk.Found] = [:]
    for layer in walk.found {
      observed[layer.id] = Layout.tfLite.outputs(kind: layer.kind, shape: walk.model.tensors[layer.weight].shape)
      found[layer.id] = layer
    }
    let plan = BackbonePlan.best(walk.network, for: observed)
    var layers = plan.layers(last: found[.last] != nil)
    if found[.classifier] != nil {
      layers.append(PlannedLayer(.classifier, .pointwise, plan.last, observed[.classifier] ?? 0))
    }
    if found[.logits] != nil { layers += HeadPlan.deepLab(plan, outputs: observed[.logits] ?? 0) }
    self.init(
      table: table, family: .tfLite, plan: plan, hasLast: found[.last] != nil,
      classifierOutputs: observed[.classifier], detectionOutputs: nil, segmentationOutputs: observed[.logits],
      recipes: layers.compactMap { layer in
        found[layer.id].map {
          LayerRecipe(
            layer: layer, names: LayerNames(weight: names[$0.weight], offset: .bias(names[$0.bias])), epsilon: 0)
        }
      })
  }
}

import Files
import ModelFiles
import Tensors

/// The recognition of a TensorFlow Lite model's layers by their operators, from its input to its outputs.
///
/// Names say little in such files: converters change them. The operators say all: each step takes the one operator that
/// the network has at that place and holds its strides, dilations, padding and activation to it.
struct TFLiteWalk {
  /// A recognised layer whose widths have not been checked yet.
  struct Found {
    let id: LayerID
    let kind: PlannedLayer.Kind
    /// Indices of tensors.
    let weight, bias: Int
    let stride, dilation: Int
  }

  let model: TFLiteModel
  private let consumers: [Int: [Int]]
  private let producer: [Int: Int]
  /// The network, recognised by the first operators.
  private(set) var network = NetworkFamily.mobileNetV2
  private(set) var found: [Found] = []
  /// The padding rules that agree with every 3x3 convolution so far.
  private(set) var paddings = Set(Padding.allCases)
  private(set) var upsampling: SamplingGrid?
  private(set) var inputSize = 0

  init(_ model: TFLiteModel) {
    self.model = model
    var consumers: [Int: [Int]] = [:]
    var producer: [Int: Int] = [:]
    for (i, node) in model.operators.enumerated() {
      for tensor in Set(node.inputs) where tensor >= 0 { consumers[tensor, default: []].append(i) }
      for tensor in node.outputs where tensor >= 0 { producer[tensor] = i }
    }
    self.consumers = consumers
    self.producer = producer
  }

  func fault(_ layer: String, _ expected: String, _ found: String) -> CheckpointError {
    .convention(path: model.file.path, layer: layer, expected: expected, found: found)
  }

  /// Walks from the input to the output.
  ///
  /// - Throws: `CheckpointError.convention` where the network's next layer is not there, `.unsupported` for 8-bit
  ///   models.
  mutating func run() throws(CheckpointError) {
    guard model.inputs.count == 1, let input = model.inputs.first else {
      throw fault("the graph", "one input", "\(model.inputs.count)")
    }
    let tensor = model.tensors[input]
    guard tensor.type == .float32 else {
      throw .unsupported(
        path: model.file.path,
        reason: "has an input that is no 32-bit float, so it is an 8-bit model; use the float one")
    }
    guard tensor.shape.count == 4, tensor.shape[0] == 1, tensor.shape[3] == 3, tensor.shape[1] == tensor.shape[2] else {
      throw fault("the input", "the shape [1, N, N, 3]", "\(tensor.shape)")
    }
    inputSize = tensor.shape[1]
    if isSeparable(from: input) { network = .mobileNetV1 }
    var current = try layer(.stem, .convolution, from: input)
    if network == .mobileNetV1 {
      for i in BackbonePlan(network, width: 1).blocks.indices {
        current = try layer(.depthwise(i), .depthwise, from: current)
        current = try layer(.project(i), .pointwise, from: current)
      }
      return try classifier(from: current)
    }
    for i in BackbonePlan(network, width: 1).blocks.indices {
      let start = current
      if i > 0 { current = try layer(.expand(i), .pointwise, from: current) }
      current = try layer(.depthwise(i), .depthwise, from: current)
      current = try layer(.project(i), .pointwise, from: current)
      current = try residual(i, start, current)
    }
    if operation(.mean, from: current) != nil || operation(.averagePool, from: current) != nil {
      try deepLab(from: current)
    } else {
      try classifier(from: layer(.last, .pointwise, from: current))
    }
  }

  /// Whether the second block begins with a depthwise convolution, as in MobileNetV1.
  private func isSeparable(from input: Int) -> Bool {
    var current = input
    var kinds: [TFLiteModel.Operation] = []
    // Operators that only prepare padding or dilation are not counted.
    for _ in 0..<12 where kinds.count < 4 {
      guard let next = (consumers[current] ?? []).first.map({ model.operators[$0] }), let output = next.outputs.first,
        output >= 0, let kind = next.operation
      else { break }
      if kind == .convolution || kind == .depthwise { kinds.append(kind) }
      current = output
    }
    return kinds == [.convolution, .depthwise, .convolution, .depthwise]
  }

  /// The only operator of that kind that reads a tensor, or `nil`.
  func operation(_ operation: TFLiteModel.Operation, from tensor: Int) -> TFLiteModel.Operator? {
    let all = (consumers[tensor] ?? []).map { model.operators[$0] }.filter { $0.operation == operation }
    return all.count == 1 ? all[0] : nil
  }

  func shape(_ tensor: Int) -> [Int] { model.tensors[tensor].shape }

  /// The tensor with the stored values: the tensor itself, or the half-precision constant that it is expanded from.
  private func constant(_ tensor: Int) -> Int {
    guard let maker = producer[tensor].map({ model.operators[$0] }), maker.operation == .dequantize,
      let source = maker.inputs.first, source >= 0, model.tensors[source].type == .float16
    else { return tensor }
    return source
  }

  // MARK: Layers

  /// Takes the convolution that reads `tensor`, with the operators that only prepare its padding or dilation.
  ///
  /// - Returns: the layer's output.
  mutating func layer(
    _ id: LayerID, _ kind: PlannedLayer.Kind, from tensor: Int
  ) throws(CheckpointError) -> Int {
    var tensor = tensor
    var explicit: [Int]?
    var blocks = 1
    if kind != .pointwise, let pad = operation(.pad, from: tensor) {
      guard let amounts = model.integers(pad.inputs.dropFirst().first), amounts.count == 8,
        amounts[0] == 0, amounts[1] == 0, amounts[6] == 0, amounts[7] == 0, amounts[2...5].allSatisfy({ $0 >= 0 })
      else { throw fault(id.name, "a padding of rows and columns", "another") }
      explicit = Array(amounts[2...5])
      tensor = try output(pad, id)
    } else if kind == .depthwise, let spread = operation(.spaceToBatch, from: tensor) {
      guard let sizes = model.integers(spread.inputs.dropFirst().first), sizes.count == 2, sizes[0] == sizes[1],
        (1...64).contains(sizes[0])
      else { throw fault(id.name, "a square dilation", "another") }
      blocks = sizes[0]
      tensor = try output(spread, id)
    }
    guard let node = operation(kind == .depthwise ? .depthwise : .convolution, from: tensor), node.inputs.count >= 3,
      node.inputs[0] == tensor, node.inputs[1] >= 0, node.inputs[2] >= 0, let options = node.options
    else {
      throw fault(id.name, kind == .depthwise ? "DEPTHWISE_CONV_2D with a bias" : "CONV_2D with a bias", "another")
    }
    let shift = kind == .depthwise ? 1 : 0
    let strides = [try options.integer(1, Int32(0)), try options.integer(2, Int32(0))]
    let dilations = [try options.integer(4 + shift, Int32(1)), try options.integer(5 + shift, Int32(1))]
    guard strides[0] == strides[1], dilations[0] == dilations[1], (1...64).contains(strides[0]),
      (1...64).contains(dilations[0]), blocks == 1 || dilations[0] == 1
    else { throw fault(id.name, "the same stride and dilation along both axes", "\(strides) and \(dilations)") }
    let (stride, dilation) = (Int(strides[0]), Int(dilations[0]) * blocks)
    let isSame = try options.integer(0, Int8(0)) == 0
    try checkActivation(options.integer(3 + shift, Int8(0)), id)
    var result = try output(node, id)
    if blocks > 1 {
      guard !isSame, let gather = operation(.batchToSpace, from: result) else {
        throw fault(id.name, "BATCH_TO_SPACE_ND after the convolution", "another")
      }
      // The padding is part of the space-to-batch operator; only SAME occurs in practice.
      paddings.formIntersection([.same])
      result = try output(gather, id)
    } else if kind != .pointwise {
      let extents = shape(tensor)
      guard extents.count == 4 else { throw fault(id.name, "a map of four axes", "\(extents)") }
      try checkPadding(id, Array(extents[1...2]), stride, dilation, isSame: isSame, explicit: explicit)
    }
    found.append(
      Found(
        id: id, kind: kind, weight: constant(node.inputs[1]), bias: constant(node.inputs[2]), stride: stride,
        dilation: dilation))
    return result
  }

  private func checkActivation(_ code: Int8, _ id: LayerID) throws(CheckpointError) {
    let activation: Activation? =
      switch code {
      case 0: .linear
      case 1: .relu
      case 3: .relu6
      default: nil
      }
    let expected = id.activation(in: network)
    guard activation == expected else {
      throw fault(id.name, expected.title, activation?.title ?? "activation \(code)")
    }
  }

  /// Keeps the padding rules with the same zeros as this convolution's.
  private mutating func checkPadding(
    _ id: LayerID, _ extents: [Int], _ stride: Int, _ dilation: Int, isSame: Bool, explicit: [Int]?
  ) throws(CheckpointError) {
    guard isSame == (explicit == nil), extents.count == 2 else {
      throw fault(id.name, "padding SAME or zeros around", isSame ? "both" : "neither")
    }
    for axis in 0..<2 {
      let before: Int
      let extent: Int
      let output: Int
      if let explicit {
        before = explicit[2 * axis]
        extent = extents[axis] - before - explicit[2 * axis + 1]
        output = (extents[axis] - 2 * dilation - 1) / stride + 1
      } else {
        extent = extents[axis]
        (output, before) = Padding.same.resolve(extent: extent, stride: stride, dilation: dilation)
      }
      guard extent > 0, extents[axis] > 2 * dilation || explicit == nil else {
        throw fault(id.name, "a map larger than its kernel", "\(extents)")
      }
      paddings = paddings.filter { rule in
        let (size, zeros) = rule.resolve(extent: extent, stride: stride, dilation: dilation)
        return size == output && zeros == before
      }
    }
    if paddings.isEmpty { throw fault(id.name, "padding SAME or symmetric throughout", "a mixture") }
  }

  func output(_ node: TFLiteModel.Operator, _ id: LayerID) throws(CheckpointError) -> Int {
    guard node.outputs.count == 1, node.outputs[0] >= 0 else { throw fault(id.name, "one output", "another number") }
    return node.outputs[0]
  }

  /// The sum of a block's input and output if the block has a skip connection, otherwise its output.
  private func residual(_ i: Int, _ start: Int, _ end: Int) throws(CheckpointError) -> Int {
    let sums = (consumers[end] ?? []).map { model.operators[$0] }
      .filter { $0.operation == .add && Set($0.inputs) == [start, end] }
    // Same pixels and same channels; this includes a block whose stride was replaced by a dilation.
    guard shape(start) == shape(end) else {
      if sums.isEmpty { return end }
      throw fault("backbone.block\(i)", "no sum of its input and output", "one")
    }
    guard sums.count == 1, sums[0].outputs.count == 1, sums[0].outputs[0] >= 0,
      try sums[0].options?.integer(0, Int8(0)) ?? 0 == 0
    else { throw fault("backbone.block\(i)", "the sum of its input and output", "another operator") }
    return sums[0].outputs[0]
  }

  // MARK: Heads

  /// Recognises global pooling and the classifier, followed by a softmax at most.
  private mutating func classifier(from features: Int) throws(CheckpointError) {
    var current = try pooled(features, .classifier)
    while let reshape = operation(.reshape, from: current) ?? operation(.squeeze, from: current) {
      current = try output(reshape, .classifier)
    }
    if let node = operation(.fullyConnected, from: current), node.inputs.count >= 3, node.inputs[0] == current,
      node.inputs[1] >= 0, node.inputs[2] >= 0
    {
      try checkActivation(node.options?.integer(0, Int8(0)) ?? 0, .classifier)
      found.append(
        Found(
          id: .classifier, kind: .pointwise, weight: constant(node.inputs[1]), bias: constant(node.inputs[2]),
          stride: 1, dilation: 1))
      current = try output(node, .classifier)
    } else {
      current = try layer(.classifier, .pointwise, from: current)
    }
    try checkEnd(current, allowing: [.reshape, .squeeze, .softmax])
  }

  /// The mean of a map over all its pixels.
  private func pooled(_ features: Int, _ id: LayerID) throws(CheckpointError) -> Int {
    if let mean = operation(.mean, from: features) {
      guard let axes = model.integers(mean.inputs.dropFirst().first), Set(axes) == [1, 2] || Set(axes) == [-2, -3]
      else {
        throw fault(id.name, "a mean over rows and columns", "another")
      }
      return try output(mean, id)
    }
    guard let pool = operation(.averagePool, from: features), let options = pool.options,
      shape(features).count == 4, shape(try output(pool, id)).starts(with: [1, 1, 1]),
      try [Int(options.integer(4, Int32(0))), Int(options.integer(3, Int32(0)))] == Array(shape(features)[1...2])
    else { throw fault(id.name, "an average over the whole map", "another operator") }
    return try output(pool, id)
  }

  private mutating func deepLab(from features: Int) throws(CheckpointError) {
    let pooling = try layer(.pooling, .pointwise, from: pooled(features, .pooling))
    guard let spread = operation(.resizeBilinear, from: pooling), shape(pooling).count == 4,
      shape(pooling)[1...2] == [1, 1]
    else { throw fault("deeplab.pooling", "one value spread over the map", "another operator") }
    let spreadOutput = try output(spread, .pooling)
    let aspp = try layer(.aspp, .pointwise, from: features)
    guard let concatenation = operation(.concatenation, from: aspp), concatenation.inputs == [spreadOutput, aspp],
      let axis = try concatenation.options?.integer(0, Int32(0)), axis == 3 || axis == -1
    else { throw fault("deeplab.projection", "the pooled and the 1x1 branch, in this order", "another input") }
    let projection = try layer(.projection, .pointwise, from: output(concatenation, .projection))
    var logits = try layer(.logits, .pointwise, from: projection)
    while let resize = operation(.resizeBilinear, from: logits) {
      let enlarged = try output(resize, .logits)
      // A resize to the same size is the identity, whatever its grid.
      if shape(enlarged) != shape(logits) {
        let grid = GraphFacts.grid(
          alignCorners: try resize.options?.integer(2, UInt8(0)) ?? 0 != 0,
          halfPixel: try resize.options?.integer(3, UInt8(0)) ?? 0 != 0)
        guard upsampling == nil else { throw fault("deeplab.logits", "one enlargement", "several") }
        upsampling = grid
      }
      logits = enlarged
    }
    try checkEnd(logits, allowing: [.argMax, .softmax, .reshape, .squeeze])
  }

  private func checkEnd(_ tensor: Int, allowing allowed: Set<TFLiteModel.Operation>) throws(CheckpointError) {
    var current = tensor
    // The maximum number of steps is the number of operators; more would be a cycle.
    for _ in 0...model.operators.count {
      let all = (consumers[current] ?? []).map { model.operators[$0] }
      // Keras reads the batch size before it reshapes the output.
      guard let next = all.first(where: { $0.operation != .shape }) else { return }
      guard let operation = next.operation, allowed.contains(operation), let output = next.outputs.first, output >= 0
      else { throw fault("the answer", "no further operator", "operator \(next.code)") }
      current = output
    }
    throw fault("the answer", "an end", "a ring")
  }
}

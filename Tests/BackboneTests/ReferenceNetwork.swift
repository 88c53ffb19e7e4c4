import Backbone
import KernelOracles
import Kernels

/// The network of any layout, layer by layer on the reference kernels and as its paper describes it: groups are sliced,
/// channels are shuffled, inputs are pooled and concatenated.
struct ReferenceNetwork {
  let layout: NetworkLayout
  let weights: Weights
  private(set) var maps: [Tap: (shape: Shape, values: [Float])] = [:]

  init(_ layout: NetworkLayout, weights: Weights, _ input: borrowing Tensor) throws {
    self.layout = layout
    self.weights = weights
    var x = try convolution(
      "stem", (input.shape, input.values()), stride: 2, layout.family == .shuffleNet ? .relu : .relu6)
    maps[.stem] = x
    if layout.hasStemPooling { x = Reference.maxPooling3x3(x.values, x.shape, stride: 2, padding: layout.padding) }
    for block in layout.blocks {
      switch layout.family {
      case .mobileNetV2: x = try invertedResidual(block, x)
      case .mobileNetV1: x = try pointwise(block, "project", depthwise(block, x, .relu6), .relu6)
      case .shuffleNet: x = try unit(block, x)
      }
      maps[.block(block.index)] = x
    }
    if layout.lastChannels != nil {
      let (w, b) = try parameters("last")
      let values = Reference.pointwise(x.values, rows: x.shape.pixels, weights: w, bias: b, activation: .relu6)
      maps[.last] = (x.shape.with(channels: b.count), values)
    }
  }

  private typealias Map = (shape: Shape, values: [Float])

  private mutating func invertedResidual(_ block: BlockLayout, _ x: Map) throws -> Map {
    var wide = x
    if block.hasExpansion {
      var neighbour: [Float]?
      if layout.ablation.shortcut == .expansions, let before = maps[.expansion(block.index - 1)],
        before.shape == x.shape.with(channels: block.expanded)
      {
        neighbour = before.values
      }
      wide = try pointwise(block, "expand", x, .relu6, addend: neighbour)
      maps[.expansion(block.index)] = wide
    }
    var thin = try pointwise(
      block, "project", depthwise(block, wide, .relu6), layout.ablation.bottleneck == .relu6 ? .relu6 : .linear)
    if block.hasSkip { for i in thin.values.indices { thin.values[i] += x.values[i] } }
    return thin
  }

  private mutating func unit(_ block: BlockLayout, _ x: Map) throws -> Map {
    let thin = try pointwise(block, "expand", x, groups: block.expansionGroups, .relu)
    let shuffled = Reference.shuffle(thin.values, channels: thin.shape.channels, groups: block.projectionGroups)
    let filtered = try depthwise(block, (thin.shape, shuffled), .linear)
    if block.join == .sum {
      return try pointwise(
        block, "project", filtered, groups: block.projectionGroups, .relu, addend: x.values)
    }
    let branch = try pointwise(block, "project", filtered, groups: block.projectionGroups, .relu)
    let pooled = Reference.averagePooling3x3(x.values, x.shape, stride: block.stride, padding: layout.padding)
    return Reference.concatenation(pooled, branch)
  }

  // MARK: Layers

  private func parameters(_ name: String) throws -> ([Float], [Float]) {
    let shape = layout.graph.parameters.first { $0.name == "backbone.\(name).weight" }!.shape
    let bias = [shape.last!]
    return (
      try weights.withTensor("backbone.\(name).weight", shape: shape) { span in span.indices.map { span[$0] } },
      try weights.withTensor("backbone.\(name).bias", shape: bias) { span in span.indices.map { span[$0] } }
    )
  }

  private func convolution(_ name: String, _ x: Map, stride: Int, _ activation: Activation) throws -> Map {
    let (w, b) = try parameters(name)
    return Reference.convolution3x3(
      x.values, x.shape, weights: w, bias: b, stride: stride, padding: layout.padding, activation: activation)
  }

  private mutating func depthwise(_ block: BlockLayout, _ x: Map, _ activation: Activation) throws -> Map {
    let (w, b) = try parameters("block\(block.index).depthwise")
    let filtered = Reference.depthwise3x3(
      x.values, x.shape, weights: w, bias: b, stride: block.stride, dilation: block.dilation, padding: layout.padding,
      activation: activation)
    maps[.depthwise(block.index)] = filtered
    return filtered
  }

  private func pointwise(
    _ block: BlockLayout, _ layer: String, _ x: Map, groups: Int = 1, _ activation: Activation, addend: [Float]? = nil
  ) throws -> Map {
    let (w, b) = try parameters("block\(block.index).\(layer)")
    let values = Reference.groupedPointwise(
      x.values, rows: x.shape.pixels, groups: groups, weights: w, bias: b, residual: addend, activation: activation)
    return (x.shape.with(channels: b.count), values)
  }
}

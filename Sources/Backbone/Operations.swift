import Kernels
import ModelFiles
import Tensors

/// Packs a network's weights and puts its layers together as operations, family by family.
struct Operations {
  private let layout: NetworkLayout
  private let pack: LayerPacker
  private let kernels: KernelSet

  /// The operations of a network in the order in which they run.
  ///
  /// - Throws: `WeightsError` when a tensor is missing or has another shape.
  static func all(_ layout: NetworkLayout, weights: Weights, compute: Compute) throws(WeightsError) -> [Operation] {
    let make = Operations(
      layout: layout, pack: LayerPacker(weights: weights, kernels: compute.kernels), kernels: compute.kernels)
    // One part for each block, packed side by side; MobileNetV1's pairs of layers lie across the blocks' borders.
    let count = layout.family == .mobileNetV2 ? layout.blocks.count : layout.blocks.count + 1
    let parts = try compute.pool.map(count) { (index) throws(WeightsError) in
      switch layout.family {
      case .mobileNetV2: return try make.invertedResidual(layout.blocks[index])
      case .mobileNetV1: return try make.separable(index)
      case .shuffleNet: return index == 0 ? try make.pooledStem() : try make.shuffleUnit(layout.blocks[index - 1])
      }
    }
    var all = parts.flatMap { $0 }
    if let channels = layout.lastChannels {
      let product = try make.pack.pointwise(
        "backbone.last", inputs: layout.blocks.last!.outputs, outputs: channels, .relu6)
      all.append(
        Operation(
          name: "last", work: .pointwise(product), reads: [.tap(layout.deepestBlock)], writes: .tap(.last),
          layers: ["last"]))
    }
    return all
  }

  private func stem() throws(WeightsError) -> FusedBlock.Source {
    let activation: Activation = layout.family == .shuffleNet ? .relu : .relu6
    return .convolution(
      try pack.convolution3x3("backbone.stem", inputs: 3, outputs: layout.stemChannels, activation), channels: 3)
  }

  /// What a block reads.
  private func input(of index: Int) -> Value {
    if index > 0 { return .tap(.block(index - 1)) }
    return layout.hasStemPooling ? .pooled : .tap(.stem)
  }
}

// MARK: MobileNetV2

extension Operations {
  /// An inverted residual in one pass; the first one, which has no expansion, with the first convolution.
  private func invertedResidual(_ block: BlockLayout) throws(WeightsError) -> [Operation] {
    let name = "block\(block.index)"
    let answer = Value.tap(.block(block.index))
    let activation: Activation = layout.ablation.bottleneck == .relu6 ? .relu6 : .linear
    let branch = FusedBlock.Branch(
      depthwise: try pack.depthwise("backbone.\(name).depthwise", channels: block.expanded, .relu6),
      project: try pack.pointwise(
        "backbone.\(name).project", inputs: block.expanded, outputs: block.projected, activation))
    let layers = ["\(name)/depthwise", "\(name)/project"]
    func fused(_ source: FusedBlock.Source, hasSkip: Bool = false) -> Operation.Work {
      .fused(
        FusedBlock(kernels, source: source, branches: [branch], hasSkip: hasSkip), stride: block.stride,
        dilation: block.dilation)
    }
    guard block.hasExpansion else {
      return [
        Operation(
          name: "stem, \(name)", work: fused(try stem()), reads: [.picture], writes: answer, wide: .tap(.stem),
          wideLayers: ["stem"], layers: layers)
      ]
    }
    let (input, wide) = (input(of: block.index), Value.tap(.expansion(block.index)))
    let expand = "\(name)/expand"
    if let neighbour = expansionShortcut(to: block) {
      // The wide tensor is kept whole: the next block adds it to its own.
      let product = try pack.pointwise(
        "backbone.\(name).expand", inputs: block.inputs, outputs: block.expanded, .relu6)
      return [
        Operation(
          name: expand, work: .pointwise(product), reads: [input] + neighbour, writes: wide, layers: [expand]),
        Operation(
          name: "\(name)/depthwise, project", work: fused(.map(channels: block.expanded)), reads: [wide],
          writes: answer, layers: layers),
      ]
    }
    let source = FusedBlock.Source.pointwise(
      try pack.pointwise(
        "backbone.\(name).expand", inputs: block.inputs, outputs: block.expanded, .relu6, wholeVectors: true))
    // What passes through a clamp first is added by itself.
    let addsApart = block.hasSkip && activation != .linear
    var operations = [
      Operation(
        name: name, work: fused(source, hasSkip: block.hasSkip && !addsApart), reads: [input],
        writes: addsApart ? .branch(block.index) : answer, wide: wide, wideLayers: [expand], layers: layers)
    ]
    if addsApart {
      operations.append(
        Operation(
          name: "\(name)/sum", work: .sum(channels: block.outputs), reads: [.branch(block.index), input],
          writes: answer))
    }
    return operations
  }

  /// The expanded tensor that is added to this block's, if any; `nil` where this network has no such shortcuts.
  private func expansionShortcut(to block: BlockLayout) -> [Value]? {
    guard layout.ablation.shortcut == .expansions else { return nil }
    let before = layout.blocks[block.index - 1]
    let isAlike = before.hasExpansion && before.stride == 1 && before.expanded == block.expanded
    return isAlike ? [.tap(.expansion(before.index))] : []
  }
}

// MARK: MobileNetV1

extension Operations {
  /// A block's 1x1 convolution with the next block's filter behind it: so each map is made just where it is filtered.
  ///
  /// Part 0 is the first convolution with block 0's filter, the last part a product alone.
  private func separable(_ index: Int) throws(WeightsError) -> [Operation] {
    let (isFirst, isLast) = (index == 0, index == layout.blocks.count)
    let before = isFirst ? nil : layout.blocks[index - 1]
    let layer = before.map { "block\($0.index)/project" } ?? "stem"
    if isLast, let before {
      let product = try pack.pointwise(
        "backbone.block\(before.index).project", inputs: before.expanded, outputs: before.outputs, .relu6)
      return [
        Operation(
          name: layer, work: .pointwise(product), reads: [.filtered(before.index)],
          writes: .tap(.block(before.index)), layers: [layer])
      ]
    }
    let block = layout.blocks[index]
    let source: FusedBlock.Source
    if let before {
      source = .pointwise(
        try pack.pointwise(
          "backbone.block\(before.index).project", inputs: before.expanded, outputs: before.outputs, .relu6,
          wholeVectors: true))
    } else {
      source = try stem()
    }
    let filter = try pack.depthwise("backbone.block\(index).depthwise", channels: block.expanded, .relu6)
    return [
      Operation(
        name: "\(layer), block\(index)/depthwise",
        work: .fused(
          FusedBlock(
            kernels, source: source, branches: [FusedBlock.Branch(.depthwise(filter))],
            sourceStride: before.map { Operations.room($0.expanded) }, answerStride: Operations.room(block.expanded)),
          stride: block.stride, dilation: block.dilation),
        reads: [before.map { .filtered($0.index) } ?? .picture], writes: .filtered(index),
        wide: .tap(before.map { .block($0.index) } ?? .stem), wideLayers: [layer],
        layers: ["block\(index)/depthwise"])
    ]
  }

  /// Floats from one filtered pixel to the next.
  ///
  /// A product reads several pixels at once. Where they lie a multiple of 2 KiB apart, their cache lines fall into the
  /// same few sets and push each other out.
  private static func room(_ channels: Int) -> Int { channels % 512 == 0 ? channels + 16 : channels }
}

// MARK: ShuffleNet

extension Operations {
  /// The first convolution and the max pooling behind it.
  private func pooledStem() throws(WeightsError) -> [Operation] {
    let block = FusedBlock(
      kernels, source: try stem(), branches: [FusedBlock.Branch(.maximum(channels: layout.stemChannels))])
    return [
      Operation(
        name: "stem, pooling", work: .fused(block, stride: 2, dilation: 1), reads: [.picture], writes: .pooled,
        wide: .tap(.stem), wideLayers: ["stem"])
    ]
  }

  /// A unit in one pass: the shuffle is no step of its own, the last products pick their inputs where they lie.
  private func shuffleUnit(_ block: BlockLayout) throws(WeightsError) -> [Operation] {
    let name = "block\(block.index)"
    let (input, answer) = (input(of: block.index), Value.tap(.block(block.index)))
    let source = FusedBlock.Source.pointwise(
      try pack.grouped(
        "backbone.\(name).expand", inputs: block.inputs, outputs: block.expanded, groups: block.expansionGroups, .relu))
    let branch = FusedBlock.Branch(
      .depthwise(
        try pack.shuffledDepthwise(
          "backbone.\(name).depthwise", channels: block.expanded, groups: block.projectionGroups,
          sourceGroups: block.expansionGroups, .linear)),
      projects: try pack.shuffled(
        "backbone.\(name).project", inputs: block.expanded, outputs: block.projected, groups: block.projectionGroups,
        sourceGroups: block.expansionGroups, .relu))
    let isJoined = block.join == .concatenation
    let unit = Operation(
      name: name,
      work: .fused(
        FusedBlock(
          kernels, source: source, branches: [branch], hasSkip: block.hasSkip,
          channels: isJoined ? FusedBlock.Channels(first: block.inputs, of: block.outputs) : nil),
        stride: block.stride, dilation: block.dilation),
      reads: [input], writes: answer, wideLayers: ["\(name)/expand"], layers: ["\(name)/depthwise", "\(name)/project"])
    guard isJoined else { return [unit] }
    // The average over 3x3 pixels, zeros around the map counted, is a filter whose nine weights are the same.
    let weights = [Float](repeating: 1 / 9, count: 9 * block.inputs)
    let zeros = [Float](repeating: 0, count: block.inputs)
    let average = PackedDepthwise(
      kernels, channels: block.inputs, weights: weights.span, bias: zeros.span, activation: .linear)
    let pooling = FusedBlock(
      kernels, source: .map(channels: block.inputs), branches: [FusedBlock.Branch(.depthwise(average))],
      channels: FusedBlock.Channels(first: 0, of: block.outputs))
    // The branch dilates where a stride was given up; the pooled neighbours stay neighbours.
    return [
      Operation(
        name: "\(name)/pooling", work: .fused(pooling, stride: block.stride, dilation: 1), reads: [input],
        writes: answer), unit,
    ]
  }
}

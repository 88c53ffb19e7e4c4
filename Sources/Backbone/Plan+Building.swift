import Kernels
import Tensors

extension Plan {
  /// Decides on the steps and lays out their memory.
  ///
  /// - Parameter first: the first block that runs; with 0 the input is the picture, else what the block before hands out.
  init(_ network: Network, height: Int, width: Int, taps: [TapInfo], first: Int) {
    let input = first == 0 ? Value.picture : .tap(.block(first - 1))
    let wanted = taps.map { Value.tap($0.tap) }
    var missing = Set(wanted)
    // From the last operation to the first: what is needed for what is wanted, and nothing else.
    var needed: [(operation: Operation, isWhole: Bool)] = []
    for operation in network.operations.reversed() where operation.writes != input {
      let isWhole = missing.contains(operation.writes)
      guard isWhole || operation.wide.map(missing.contains) ?? false else { continue }
      needed.append((operation, isWhole))
      missing.formUnion(operation.reads)
    }
    var sizes = Sizes(network.layout, height: height, width: width, input: input, first: first)
    let costs = Dictionary(
      uniqueKeysWithValues: network.layout.costs(height: height, width: width).map { ($0.name, $0.multiplyAdds) })
    func cost(_ layers: [String]) -> Int { layers.reduce(0) { $0 + costs[$1]! } }

    let drafts = needed.reversed().map { operation, isWhole in
      var draft = sizes.draft(operation, isWhole: isWhole, compute: network.compute)
      draft.multiplyAdds = cost(operation.wideLayers) + (isWhole ? cost(operation.layers) : 0)
      if let wide = operation.wide, !wanted.contains(wide) { draft.wide = nil }
      return draft
    }
    var memory = ArenaPlan()
    for (step, draft) in drafts.enumerated() {
      for value in draft.reads { memory.use(value, at: step) }
      if let writes = draft.writes {
        memory.use(writes, at: step, count: sizes.shapes[writes]!.pixels * sizes.strides[writes]!)
      }
      memory.scratch(draft.scratch, at: step)
    }
    memory.forget(wanted + [input])
    memory.place()
    func place(_ value: Value) -> Place {
      if let index = wanted.firstIndex(of: value) { return .map(index) }
      return value == input ? .input : .arena(memory.offset(of: value))
    }
    steps = drafts.enumerated().map { index, draft in
      Step(
        name: draft.name, layer: draft.layer, from: draft.reads.map(place),
        inputStride: sizes.strides[draft.reads[0]]!, to: draft.writes.map(place),
        wide: draft.wide.map(place), output: draft.output, multiplyAdds: draft.multiplyAdds,
        scratchOffset: memory.scratchOffset(at: index))
    }
    shapes = wanted.map { sizes.shapes[$0]! }
    arenaCount = memory.count
  }

  /// A step whose memory has no place yet.
  fileprivate struct Draft {
    let name: String
    let layer: Layer
    let reads: [Value]
    let writes: Value?
    var wide: Value?
    let output: Shape
    var multiplyAdds = 0

    var scratch: Int {
      if case .fused(_, let plan) = layer { return plan.scratch }
      return 0
    }
  }

  /// Follows the size of the maps from one operation to the next.
  fileprivate struct Sizes {
    let padding: Padding
    var shapes: [Value: Shape] = [:]
    /// Floats between the pixels of a map.
    var strides: [Value: Int] = [:]

    init(_ layout: NetworkLayout, height: Int, width: Int, input: Value, first: Int) {
      padding = layout.padding
      shapes[.picture] = Shape(height: height, width: width, channels: 3)
      if first > 0 {
        let g = layout.geometries(height: height, width: width).blocks[first]
        shapes[input] = Shape(height: g.height, width: g.width, channels: layout.blocks[first].inputs)
      }
      for (value, shape) in shapes { strides[value] = shape.channels }
    }

    private mutating func set(_ value: Value, _ shape: Shape, stride: Int? = nil) {
      shapes[value] = shape
      strides[value] = stride ?? shape.channels
    }

    /// The step of an operation, as far as it is needed: all of it, or the wide rows alone.
    mutating func draft(_ operation: Operation, isWhole: Bool, compute: Compute) -> Draft {
      let input = shapes[operation.reads[0]]!
      guard case .fused(let block, let stride, let dilation) = operation.work else {
        let output = input.with(channels: operation.channels)
        set(operation.writes, output)
        let layer: Layer
        if case .pointwise(let product) = operation.work { layer = .pointwise(product) } else { layer = .sum }
        return Draft(
          name: operation.name, layer: layer, reads: operation.reads, writes: operation.writes, wide: nil,
          output: output)
      }
      var image: Geometry?
      if case .convolution = block.source {
        image = Geometry(height: input.height, width: input.width, stride: 2, dilation: 1, padding: padding)
      }
      let wide = Shape(
        height: image?.outHeight ?? input.height, width: image?.outWidth ?? input.width, channels: block.source.channels
      )
      if let value = operation.wide { set(value, wide) }
      let threads = compute.pool.threads
      guard isWhole else {
        // The deepest map lies inside the block: nothing is filtered.
        let only = FusedBlock(
          compute.kernels, source: block.source, branches: [], sourceStride: block.sourceStride)
        let plan = FusedPlan(only, nil, image: image, height: wide.height, width: wide.width, threads: threads)
        return Draft(
          name: operation.wideLayers[0], layer: .fused(only, plan), reads: operation.reads, writes: nil,
          wide: operation.wide, output: wide)
      }
      let g = Geometry(height: wide.height, width: wide.width, stride: stride, dilation: dilation, padding: padding)
      let output = Shape(height: g.outHeight, width: g.outWidth, channels: operation.channels)
      set(operation.writes, output, stride: block.answerStride)
      let plan = FusedPlan(block, g, image: image, height: wide.height, width: wide.width, threads: threads)
      return Draft(
        name: operation.name, layer: .fused(block, plan), reads: operation.reads, writes: operation.writes,
        wide: operation.wide, output: output)
    }
  }
}

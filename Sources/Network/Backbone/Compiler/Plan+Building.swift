import Graphs
import Kernels
import Tensors

extension Plan {
  /// Plans the passes of a program that some values depend on.
  ///
  /// - Parameters:
  ///   - shapes: of the graph's values, batch 1.
  ///   - wanted: the outputs, in this order; each of them available.
  init(
    _ graph: Graph, _ packed: PackedProgram, shapes nodeShapes: [Shape], wanted: [Int], threads: Int,
    inputs kept: [Int]
  ) {
    let program = packed.program
    let values = ValueShapes(graph, program, nodeShapes, packed.format)
    // From the last pass to the first, only the passes that the wanted values depend on are kept.
    var missing = Set(wanted)
    var needed: [(index: Int, isWhole: Bool)] = []
    for (index, pass) in program.passes.enumerated().reversed() {
      let isWhole = pass.targets.contains(where: missing.contains)
      guard isWhole || pass.wide.map(missing.contains) ?? false else { continue }
      needed.append((index, isWhole))
      missing.formUnion(pass.reads)
    }
    let element = packed.format.activation
    var memory = ArenaPlan()
    var drafts: [Draft] = []
    for (step, one) in needed.reversed().enumerated() {
      let pass = program.passes[one.index]
      let draft = Draft(
        pass, packed.works[one.index], values, isWhole: one.isWhole,
        isWideRead: pass.wide.map(missing.contains) ?? false,
        graph: graph, threads: threads)
      for value in pass.reads { memory.use(value, at: step) }
      if one.isWhole {
        for value in pass.targets {
          memory.use(value, at: step, size: values.shapes[value].pixels * values.strides[value] * element)
        }
      }
      if let wide = draft.wide { memory.use(wide, at: step, size: values.shapes[wide].count * element) }
      memory.scratch(draft.scratch, at: step)
      drafts.append(draft)
    }
    memory.forget(wanted + kept)
    memory.place()
    func place(_ value: Int, channel: Int = 0) -> Place {
      let first = channel * element
      if let index = wanted.firstIndex(of: value) { return .map(index, first: first) }
      if let index = kept.firstIndex(of: value) { return .input(index) }
      return .arena(memory.offset(of: value) + first)
    }
    func operand(_ value: Int) -> Operand {
      Operand(place: place(value), shape: values.shapes[value], stride: values.strides[value])
    }
    steps = zip(needed.reversed(), drafts).enumerated().map { index, one in
      let (pass, draft) = (program.passes[one.0.index], one.1)
      var to: [Operand] = []
      if one.0.isWhole, let placement = pass.placement {
        let shape = values.shapes[placement.value].with(channels: program.channels[pass.writes[0]])
        // A fused block holds its place in the concatenation itself.
        var channel = placement.first
        if case .fused = pass.work { channel = 0 }
        to = [
          Operand(
            place: place(placement.value, channel: channel), shape: shape, stride: values.strides[placement.value])
        ]
      } else if one.0.isWhole {
        to = pass.writes.map(operand(_:))
      }
      return Step(
        pass: pass, work: draft.work, strip: draft.strip,
        taps: draft.taps, window: draft.window, from: pass.reads.map(operand(_:)), to: to,
        wide: draft.wide.map(operand(_:)), epilogue: one.0.isWhole ? pass.epilogue : nil,
        multiplyAdds: draft.multiplyAdds, scratch: (memory.scratchOffset(at: index), draft.scratch))
    }
    shapes = wanted.map { values.shapes[$0] }
    arenaSize = memory.size
  }

  /// The shapes of all values, and the elements between their pixels.
  struct ValueShapes {
    var shapes: [Shape]
    var strides: [Int]

    init(_ graph: Graph, _ program: Program, _ nodeShapes: [Shape], _ format: ElementFormat) {
      shapes = nodeShapes
      // The compiler's values have the layout of their origin: a part of a concatenation, or one pixel.
      let one = Shape(height: 1, width: 1, channels: 1)
      for value in nodeShapes.count..<max(program.channels.count, nodeShapes.count) {
        let part = program.passes.first { $0.placement?.value == value }
        shapes.append((part.map { nodeShapes[$0.writes[0]] } ?? one).with(channels: program.channels[value]))
      }
      strides = shapes.map(\.channels)
      for pass in program.passes where pass.isSpread {
        strides[pass.writes[0]] = LayerPacker.spread(strides[pass.writes[0]], format)
      }
    }
  }

  /// A step without offsets in the arena yet.
  private struct Draft {
    var work: PackedWork
    var strip: FusedPlan?
    var taps: (rows: LinearTaps, columns: LinearTaps)?
    var window: Geometry?
    var wide: Int?
    /// Bytes.
    var scratch = 0
    var multiplyAdds = 0

    init(
      _ pass: Pass, _ work: PackedWork, _ values: ValueShapes, isWhole: Bool, isWideRead: Bool, graph: Graph,
      threads: Int
    ) {
      self.work = work
      if isWideRead { wide = pass.wide }
      let input = values.shapes[pass.reads[0]]
      switch (pass.work, work) {
      case (.fused(let source, let branches, _, _), .fused(let block)):
        let image = source.flatMap { source -> Geometry? in
          let window = Draft.window(graph.nodes[source])!
          return window.taps > 1 ? window.geometry(height: input.height, width: input.width) : nil
        }
        let wide = Shape(
          height: image?.outHeight ?? input.height, width: image?.outWidth ?? input.width,
          channels: block.source.channels)
        if isWhole {
          let g = Draft.window(graph.nodes[branches[0].filter])!.geometry(height: wide.height, width: wide.width)
          strip = FusedPlan(block, g, image: image, height: wide.height, width: wide.width, threads: threads)
        } else {
          // The deepest map is the expanded tensor, so the block runs its source only.
          let only = block.sourceOnly
          self.work = .fused(only)
          strip = FusedPlan(only, nil, image: image, height: wide.height, width: wide.width, threads: threads)
        }
        scratch = strip!.scratch
      case (_, .chain(let chain, _)): scratch = chain.scratch(threads: threads)
      case (.resize(let grid), _):
        let output = values.shapes[pass.writes[0]]
        taps = (
          LinearTaps(grid, input: input.height, output: output.height),
          LinearTaps(grid, input: input.width, output: output.width)
        )
        scratch = input.width * input.channels * threads * MemoryLayout<Float>.stride
      case (.convolution(let index), _), (.depthwise(let index), _):
        window = Draft.window(graph.nodes[index])!.geometry(height: input.height, width: input.width)
      case (.pooling(.maximum(let one)), _), (.pooling(.average(let one)), _):
        window = one.geometry(height: input.height, width: input.width)
      default: break
      }
      multiplyAdds = Draft.multiplyAdds(pass, values, graph, isWhole: isWhole)
    }

    private static func window(_ node: Graph.Node) -> Graph.Window? {
      switch node.operation {
      case .convolution(let c): return c.window
      case .pooling(.maximum(let window)), .pooling(.average(let window)): return window
      default: return nil
      }
    }

    /// The multiply-adds that the pass really executes: one pixel's part once, and no skipped taps outside the map.
    private static func multiplyAdds(_ pass: Pass, _ values: ValueShapes, _ graph: Graph, isWhole: Bool) -> Int {
      func cost(_ index: Int) -> Int {
        graph.convolution(at: index)?.multiplyAdds(output: values.shapes[index]) ?? 0
      }
      func cost(_ product: Pass.Product) -> Int {
        guard let rows = product.rows, let c = graph.convolution(at: product.node) else { return cost(product.node) }
        return rows.count * c.outputs * (product.isBiased ? 1 : values.shapes[product.node].pixels)
      }
      switch pass.work {
      case .fused(let source, let branches, _, _):
        let made = source.map { cost($0) } ?? 0
        guard isWhole else { return made }
        return made
          + branches.reduce(0) { $0 + cost($1.filter) + ($1.project.map { cost($0.node) } ?? 0) }
      case .product(let product): return cost(product)
      case .chain(let products, _): return products.reduce(0) { $0 + cost($1) }
      case .convolution(let index):
        let c = graph.convolution(at: index)!
        let input = values.shapes[pass.reads[0]]
        return c.window.geometry(height: input.height, width: input.width).reachedTaps * c.inputs / c.groups * c.outputs
      case .depthwise(let index): return cost(index)
      default: return 0
      }
    }
  }
}

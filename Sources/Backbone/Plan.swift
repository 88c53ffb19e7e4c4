import Kernels
import Tensors

/// How a backbone runs for one input size and one set of taps: decided once, then followed without allocating.
struct Plan: Sendable {
  /// Where a step reads or writes.
  enum Place: Hashable {
    case input
    /// Working memory, from that float on.
    case arena(Int)
    /// A map that is handed out.
    case map(Int)
  }

  enum Layer: Sendable {
    case fused(FusedBlock, FusedPlan)
    case pointwise(PackedPointwise, pixels: Int)
  }

  struct Step: Sendable {
    let name: String
    let layer: Layer
    let from: Place
    /// `nil` where only the wide rows are wanted.
    let to: Place?
    /// The map that the block's wide rows are left in.
    let tap: Int?
    /// The shape of what it computes last.
    let output: Shape
    let multiplyAdds: Int
    fileprivate(set) var scratchOffset = 0

    var scratch: Int {
      if case .fused(_, let plan) = layer { return plan.scratch }
      return 0
    }
  }

  let steps: [Step]
  /// The shapes of the maps, batch 1, in the order asked for.
  let shapes: [Shape]
  /// Floats of working memory.
  let arenaCount: Int

  /// - Parameter first: the first block that runs; with 0 the input is the picture, else what the block before hands out.
  init(_ network: MobileNetV2, height: Int, width: Int, taps: [TapInfo], first: Int) {
    var builder = Builder(network, height: height, width: width, taps: taps, first: first)
    builder.build()
    steps = builder.steps
    shapes = builder.shapes.map { $0! }
    arenaCount = builder.arenaCount
  }

  /// Follows the steps.
  ///
  /// - Parameter observer: told after each step; costs a look at the clock where there is one.
  @unsafe func run(
    on pool: WorkerPool, input: UnsafePointer<Float>, maps: [UnsafeMutablePointer<Float>],
    arena: UnsafeMutablePointer<Float>, observer: ((_ step: Int) -> Void)? = nil
  ) {
    func place(_ place: Place) -> UnsafeMutablePointer<Float> {
      switch place {
      case .input: return unsafe UnsafeMutablePointer(mutating: input)
      case .arena(let offset): return unsafe arena + offset
      case .map(let index): return unsafe maps[index]
      }
    }
    for (index, step) in steps.enumerated() {
      let from = unsafe UnsafePointer(place(step.from))
      switch step.layer {
      case .fused(let block, let plan):
        unsafe block.run(
          plan, on: pool, from: from,
          to: FusedBlock.Outputs(first: step.to.map(place), tap: step.tap.map { unsafe maps[$0] }),
          scratch: arena + step.scratchOffset)
      case .pointwise(let product, let pixels):
        unsafe product.runAll(on: pool, rows: pixels, from: from, to: place(step.to!))
      }
      observer?(index)
    }
  }
}

extension Plan {
  /// Decides on the steps and lays out their memory.
  struct Builder {
    private let network: MobileNetV2
    private let taps: [TapInfo]
    private let first: Int
    private let threads: Int
    private let costs: [String: Int]
    private let stem: Geometry
    private let geometries: [Geometry]
    private var missing: Set<Tap>
    private var at = Place.input
    /// Floats of the map that the last step wrote to the arena.
    private var held = 0
    /// Whether that map lies at the arena's end, not at its beginning.
    private var isAtEnd = true
    /// Steps that need the arena's end: index and floats before the end.
    private var ends: [(step: Int, isOutput: Bool, count: Int)] = []

    var steps: [Step] = []
    var shapes: [Shape?]
    var arenaCount = 0

    init(_ network: MobileNetV2, height: Int, width: Int, taps: [TapInfo], first: Int) {
      self.network = network
      self.first = first
      self.taps = taps
      threads = network.compute.pool.threads
      (stem, geometries) = network.layout.geometries(height: height, width: width)
      costs = Dictionary(
        uniqueKeysWithValues: network.layout.costs(height: height, width: width).map { ($0.name, $0.multiplyAdds) })
      missing = Set(taps.map(\.tap))
      shapes = [Shape?](repeating: nil, count: taps.count)
    }

    mutating func build() {
      for (block, g) in zip(network.layout.blocks, geometries) where block.index >= first && !missing.isEmpty {
        add(block, g)
      }
      if !missing.isEmpty, let last = network.last, let g = geometries.last {
        let shape = Shape(height: g.outHeight, width: g.outWidth, channels: last.outputs)
        add(
          "last", .pointwise(last, pixels: shape.pixels), tap: nil, as: .last, output: shape,
          multiplyAdds: costs["last"]!)
      }
      for end in ends {
        let offset = arenaCount - end.count
        let step = steps[end.step]
        steps[end.step] = Step(
          name: step.name, layer: step.layer, from: end.isOutput ? step.from : .arena(offset),
          to: end.isOutput ? .arena(offset) : step.to, tap: step.tap, output: step.output,
          multiplyAdds: step.multiplyAdds, scratchOffset: step.scratchOffset)
      }
    }

    private mutating func add(_ block: BlockLayout, _ g: Geometry) {
      let name = "block\(block.index)"
      // The first block's wide rows are the first convolution's.
      let wideTap = block.hasExpansion ? Tap.expansion(block.index) : .stem
      let tap = taps.firstIndex { $0.tap == wideTap }
      let image = block.hasExpansion ? nil : stem
      let wide = Shape(height: g.height, width: g.width, channels: block.expanded)
      let wideCost = costs[block.hasExpansion ? "\(name)/expand" : "stem"]!
      if let tap {
        shapes[tap] = wide
        missing.remove(wideTap)
      }
      let packed = network.blocks[block.index]
      if missing.isEmpty {
        // The deepest map lies inside the block: nothing is filtered.
        let only = FusedBlock(network.compute.kernels, source: packed.source, branches: [])
        let plan = FusedPlan(only, nil, image: image, height: g.height, width: g.width, threads: threads)
        add(wideTap.description, .fused(only, plan), tap: tap, as: nil, output: wide, multiplyAdds: wideCost)
        return
      }
      let plan = FusedPlan(packed, g, image: image, height: g.height, width: g.width, threads: threads)
      add(
        block.hasExpansion ? name : "stem, \(name)", .fused(packed, plan), tap: tap, as: .block(block.index),
        output: Shape(height: g.outHeight, width: g.outWidth, channels: block.outputs),
        multiplyAdds: wideCost + costs["\(name)/depthwise"]! + costs["\(name)/project"]!)
    }

    /// Adds a step.
    ///
    /// Maps lie at the arena's two ends in turn, so that a step's input, output and scratch never meet.
    private mutating func add(
      _ name: String, _ layer: Layer, tap: Int?, as outputTap: Tap?, output: Shape, multiplyAdds: Int
    ) {
      var step = Step(
        name: name, layer: layer, from: at, to: nil, tap: tap, output: output, multiplyAdds: multiplyAdds)
      var to: Place?
      var wanted = 0
      if let outputTap {
        if let index = taps.firstIndex(where: { $0.tap == outputTap }) {
          shapes[index] = output
          missing.remove(outputTap)
          to = .map(index)
        } else {
          wanted = (output.count + 15) / 16 * 16
          to = .arena(0)
        }
      }
      let scratch = (step.scratch + 15) / 16 * 16
      arenaCount = max(arenaCount, held + wanted + scratch)
      if held > 0, isAtEnd { ends.append((steps.count, false, held)) }
      // The scratch memory follows whatever lies at the beginning.
      let goesToEnd = held > 0 && !isAtEnd
      step = Step(
        name: name, layer: layer, from: at, to: to, tap: tap, output: output, multiplyAdds: multiplyAdds,
        scratchOffset: goesToEnd ? held : wanted)
      if wanted > 0 {
        if goesToEnd { ends.append((steps.count, true, wanted)) }
        isAtEnd = goesToEnd
      }
      steps.append(step)
      held = wanted
      at = to ?? at
    }
  }
}

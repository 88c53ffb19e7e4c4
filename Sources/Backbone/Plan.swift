import Kernels
import Tensors

/// How a backbone runs for one input size and one set of taps: decided once, then followed without allocating.
struct Plan: Sendable {
  /// Where a step reads or writes.
  enum Place: Hashable {
    case input
    /// One of two buffers that steps write in turn.
    case buffer(Int)
    /// A map that is handed out.
    case map(Int)
  }

  enum Layer: Hashable {
    case stem(Geometry, strip: Int)
    case block(Int, Geometry, PackedBottleneck.Strategy)
    /// Only the expansion of a block: the deepest tap is inside it.
    case expansion(Int, pixels: Int)
    case last(pixels: Int)
  }

  struct Step {
    let layer: Layer
    let from, to: Place
    /// The map that the block's expansion is left in.
    let expansion: Int?
  }

  let steps: [Step]
  /// The shapes of the maps, batch 1, in the order asked for.
  let shapes: [Shape]
  private let bufferCount: Int
  private let scratchCount: Int

  /// Floats of working memory.
  var arenaCount: Int { 2 * bufferCount + scratchCount }

  init(_ network: MobileNetV2, height: Int, width: Int, taps: [TapInfo]) {
    let layout = network.layout
    let threads = network.compute.pool.threads
    let (stem, geometries) = layout.geometries(height: height, width: width)
    var shapes = [Shape?](repeating: nil, count: taps.count)
    var missing = Set(taps.map(\.tap))
    var steps: [Step] = []
    var buffer = 0
    var largest = 0
    var scratch = 0
    var at = Place.input

    // The place of a layer's output: the map where it is a tap, otherwise the buffer that its input is not in.
    func output(_ tap: Tap, _ shape: Shape) -> Place {
      if let index = taps.firstIndex(where: { $0.tap == tap }) {
        shapes[index] = shape
        missing.remove(tap)
        return .map(index)
      }
      largest = max(largest, shape.count)
      buffer = 1 - buffer
      return .buffer(buffer)
    }

    let stemShape = Shape(height: stem.outHeight, width: stem.outWidth, channels: layout.stemChannels)
    let stemStrip = max(1, min(stem.outHeight, 448 / stem.outWidth))
    scratch = threads * network.stem.scratch(stem, rows: stemStrip)
    var to = output(.stem, stemShape)
    steps.append(Step(layer: .stem(stem, strip: stemStrip), from: at, to: to, expansion: nil))
    at = to
    for (block, g) in zip(layout.blocks, geometries) where !missing.isEmpty {
      let expansion = taps.firstIndex { $0.tap == .expansion(block.index) }
      if let expansion {
        shapes[expansion] = Shape(height: g.height, width: g.width, channels: block.expanded)
        missing.remove(.expansion(block.index))
        if missing.isEmpty {
          steps.append(
            Step(
              layer: .expansion(block.index, pixels: g.height * g.width), from: at, to: .map(expansion), expansion: nil)
          )
          break
        }
      }
      let packed = network.blocks[block.index]
      let strategy = expansion == nil ? packed.strategy(g, threads: threads) : .channels
      scratch = max(scratch, packed.scratch(g, strategy, threads: threads, expansionGiven: expansion != nil))
      to = output(.block(block.index), Shape(height: g.outHeight, width: g.outWidth, channels: block.outputs))
      steps.append(Step(layer: .block(block.index, g, strategy), from: at, to: to, expansion: expansion))
      at = to
    }
    if !missing.isEmpty, let g = geometries.last, let channels = layout.lastChannels {
      to = output(.last, Shape(height: g.outHeight, width: g.outWidth, channels: channels))
      steps.append(Step(layer: .last(pixels: g.outHeight * g.outWidth), from: at, to: to, expansion: nil))
    }
    self.steps = steps
    self.shapes = shapes.map { $0! }
    bufferCount = (largest + 15) / 16 * 16
    scratchCount = scratch
  }

  @unsafe func run(
    _ network: MobileNetV2, input: UnsafePointer<Float>, maps: [UnsafeMutablePointer<Float>],
    arena: UnsafeMutablePointer<Float>
  ) {
    let pool = network.compute.pool
    let scratch = unsafe arena + 2 * bufferCount
    func place(_ place: Place) -> UnsafeMutablePointer<Float> {
      switch place {
      case .input: return unsafe UnsafeMutablePointer(mutating: input)
      case .buffer(let index): return unsafe arena + index * bufferCount
      case .map(let index): return unsafe maps[index]
      }
    }
    for step in steps {
      let from = unsafe UnsafePointer(place(step.from))
      let to = unsafe place(step.to)
      switch step.layer {
      case .stem(let g, let strip):
        let tasks = min((g.outHeight + strip - 1) / strip, pool.threads)
        let size = network.stem.scratch(g, rows: strip)
        pool.run(tasks) { task, worker in
          unsafe network.stem.run(
            g, outRows: g.outHeight * task / tasks..<g.outHeight * (task + 1) / tasks, strip: strip, from: from, to: to,
            scratch: scratch + worker * size)
        }
      case .block(let index, let g, let strategy):
        unsafe network.blocks[index].run(
          g, strategy, on: pool, from: from, to: to, expansion: step.expansion.map { unsafe maps[$0] }, scratch: scratch
        )
      case .expansion(let index, let pixels):
        unsafe network.blocks[index].expand!.runAll(on: pool, rows: pixels, from: from, to: to)
      case .last(let pixels): unsafe network.last!.runAll(on: pool, rows: pixels, from: from, to: to)
      }
    }
  }
}

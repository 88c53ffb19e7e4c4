import Graphs
import Kernels
import Tensors

/// The plan of a program for one size of input and some outputs.
///
/// It is made once and run without allocations.
struct Plan: Sendable {
  /// The memory that a step reads or writes.
  enum Place: Hashable {
    /// An input of the graph, by its place among them.
    case input(Int)
    /// The arena, from that byte on.
    case arena(Int)
    /// An output map, from that byte on.
    case map(Int, first: Int)
  }

  struct Operand: Hashable {
    let place: Place
    let shape: Shape
    /// Elements between its pixels.
    let stride: Int
  }

  struct Step: Sendable {
    let pass: Pass
    let work: PackedWork
    let strip: FusedPlan?
    let taps: (rows: LinearTaps, columns: LinearTaps)?
    let window: Geometry?
    let from: [Operand]
    /// One output for each branch; empty where only the expanded tensor is wanted.
    let to: [Operand]
    /// The destination of the expanded tensor, if it is stored.
    let wide: Operand?
    let epilogue: Activation?
    let multiplyAdds: Int
    /// Bytes of working memory.
    let scratch: (offset: Int, size: Int)

    /// Whether the step runs the whole pass, or else its source alone.
    var isWhole: Bool { !to.isEmpty }

    /// The first node that it computes.
    var firstNode: Int { pass.nodes.first ?? pass.reads[0] }

    /// The shape of its output.
    var output: Shape { (to.first ?? wide!).shape }
  }

  let steps: [Step]
  /// The shapes of the output maps, batch 1, in the given order.
  let shapes: [Shape]
  /// Bytes of working memory.
  let arenaSize: Int

  /// The memory that a run reads and writes.
  @unsafe struct Memory {
    let inputs: [UnsafeRawPointer]
    let maps: [UnsafeMutableRawPointer]
    let arena: UnsafeMutableRawPointer

    subscript(operand: Operand) -> UnsafeMutableRawPointer {
      switch operand.place {
      case .input(let index): return unsafe UnsafeMutableRawPointer(mutating: inputs[index])
      case .arena(let offset): return unsafe arena + offset
      case .map(let index, let first): return unsafe maps[index] + first
      }
    }

    /// The operand as floats, for a pass that only has fp32 kernels.
    func floats(_ operand: Operand) -> UnsafeMutablePointer<Float> {
      unsafe self[operand].assumingMemoryBound(to: Float.self)
    }
  }

  /// Runs the steps for one image.
  ///
  /// - Parameter observer: called after each step.
  @unsafe func run(on session: Session, _ memory: Memory, observer: (_ step: Int) -> Void) {
    for (index, step) in steps.enumerated() {
      unsafe step.run(on: session, memory)
      if let epilogue = step.epilogue {
        let to = step.to[0]
        unsafe Elementwise.apply(
          epilogue, session.kernels, on: session.pool, memory.floats(to), pixels: to.shape.pixels,
          channels: to.shape.channels, stride: to.stride)
      }
      observer(index)
    }
  }
}

extension Plan.Step {
  @unsafe fileprivate func run(on session: Session, _ memory: Plan.Memory) {
    let pool = session.pool
    let x = unsafe UnsafeRawPointer(memory[from[0]])
    let shape = from[0].shape
    func y(_ index: Int = 0) -> UnsafeMutableRawPointer { unsafe memory[to[index]] }
    func addend(_ index: Int) -> UnsafeRawPointer { unsafe UnsafeRawPointer(memory[from[index]]) }
    switch work {
    case .fused(let block):
      unsafe block.run(
        strip!, on: pool, from: x,
        to: FusedBlock.Outputs(
          first: to.isEmpty ? nil : y(), second: to.count > 1 ? y(1) : nil, tap: wide.map { unsafe memory[$0] }),
        scratch: memory.arena + scratch.offset)
    case .product(let product):
      var epilogue = product.epilogue
      if from.count > 1 {
        let isPixel = from[1].shape.pixels < to[0].shape.pixels
        unsafe epilogue = epilogue.adding(addend(1), stride: isPixel ? 0 : from[1].stride)
      }
      unsafe product.runAll(
        on: pool, rows: to[0].shape.pixels, from: x, stride: from[0].stride, to: y(), toStride: to[0].stride,
        epilogue: epilogue)
    case .chain(let chain, let addends):
      unsafe chain.run(
        on: pool, pixels: shape.pixels, from: x, stride: from[0].stride, to: y(),
        addends: addends.map { unsafe $0.map { unsafe addend($0) } }, scratch: memory.arena + scratch.offset)
    case .convolution(let groups):
      let (x, y) = unsafe (memory.floats(from[0]), memory.floats(to[0]))
      for (index, group) in groups.enumerated() {
        unsafe group.run(
          window!, on: pool, from: x + index * group.inputs, fromStride: from[0].stride,
          to: y + index * group.outputs, stride: to[0].stride)
      }
    case .depthwise(let packed):
      unsafe packed.run(window!, on: pool, from: memory.floats(from[0]), to: memory.floats(to[0]))
    case .plain: unsafe runPlain(on: session, memory)
    }
  }

  /// A pass without weights.
  @unsafe private func runPlain(on session: Session, _ memory: Plan.Memory) {
    let (kernels, pool) = (session.kernels, session.pool)
    let (x, y) = unsafe (UnsafePointer(memory.floats(from[0])), memory.floats(to[0]))
    let shape = from[0].shape
    func addend() -> UnsafePointer<Float> { unsafe UnsafePointer(memory.floats(from[1])) }
    switch pass.work {
    case .fused, .product, .chain, .convolution, .depthwise, .pooling(.average):
      preconditionFailure("a pass with weights")
    case .pooling(.maximum):
      unsafe PackedWindow.maximum(kernels, window!, on: pool, channels: shape.channels, from: x, to: y)
    case .globalPooling:
      unsafe GlobalPooling.run(kernels, on: pool, pixels: shape.pixels, channels: shape.channels, from: x, to: y)
    case .add(let activation):
      unsafe MergeOperations.add(
        kernels, on: pool, x, addend(), isOnePixel: from[1].shape.pixels < shape.pixels, pictures: 1,
        pixels: shape.pixels, channels: shape.channels, activation: activation, to: y)
    case .scale:
      unsafe MergeOperations.scale(
        kernels, on: pool, x, by: addend(), pixels: shape.pixels, channels: shape.channels, to: y)
    case .activation(let activation):
      unsafe y.update(from: x, count: shape.count)
      unsafe Elementwise.apply(
        activation, kernels, on: pool, y, pixels: shape.pixels, channels: shape.channels, stride: shape.channels)
    case .resize:
      unsafe MergeOperations.enlarge(
        kernels, on: pool, x, rows: taps!.rows, columns: taps!.columns, pictures: 1, channels: shape.channels, to: y,
        scratch: (memory.arena + scratch.offset).assumingMemoryBound(to: Float.self))
    case .shuffle(let groups):
      unsafe MergeOperations.shuffle(
        on: pool, x, pixels: shape.pixels, channels: shape.channels, groups: groups, to: y)
    case .copy:
      unsafe MergeOperations.copyChannels(
        on: pool, x, stride: from[0].stride, each: to[0].shape.pixels / shape.pixels, to: y, stride: to[0].stride,
        count: shape.channels, pixels: to[0].shape.pixels)
    }
  }
}

import CKernels
import Tensors

/// A GEMM with bias and activation bounds, its weights packed for one instruction set.
///
/// It is a 1x1 convolution, or a 3x3 one over segments of padded rows.
@safe package final class PackedPointwise: @unchecked Sendable {
  /// Inputs of each group.
  package let inputs: Int
  /// Outputs of all groups.
  package let outputs: Int
  /// The number of groups.
  ///
  /// With more than 1, output channels read only their group's inputs, and the GEMM runs only as a strip's source.
  package let groups: Int
  /// The offsets of the inputs in a row, in equal parts.
  let segments: [Int]
  package let panels: Int
  package let epilogue: Epilogue
  let kernels: KernelSet
  let format: ElementFormat
  let packed: AlignedMemory

  /// - Parameters:
  ///   - weights: `[inputs, columns]`, the outputs among the columns.
  ///   - bias: `[columns]`.
  ///   - first: the column of the first output.
  ///   - wholeVectors: whether the output goes to a strip's ring, which consists of whole vectors.
  ///   - groups: groups of the convolution; `inputs` are those of one group.
  ///   - segments: the offsets of the inputs in a row, in as many equal parts; at most 9.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, weights: Span<Float>, bias: Span<Float>, first: Int = 0,
    activation: Activation, wholeVectors: Bool = false, groups: Int = 1, segments: [Int] = [0]
  ) {
    precondition(
      weights.count == inputs * bias.count && first + outputs <= bias.count, "weights of another shape")
    precondition(outputs % groups == 0 && inputs % segments.count == 0 && 1...9 ~= segments.count)
    self.inputs = inputs
    self.outputs = outputs
    self.groups = groups
    self.segments = segments
    epilogue = Epilogue(activation)
    self.kernels = kernels
    format = kernels.fp32
    let each = outputs / groups
    let vectors: Int32 = wholeVectors ? 1 : 0
    panels = unsafe groups * ck_gemm_panels(format.layout, each)
    let size = unsafe ck_packed_gemm_size(format.layout, inputs, each, vectors)
    packed = AlignedMemory(bytes: size * groups)
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        for group in 0..<groups {
          let first = first + group * each
          unsafe ck_pack_gemm(
            format.layout, weights.baseAddress! + first, bias.count, bias.baseAddress! + first, inputs, each, vectors,
            packed.raw + group * size)
        }
      }
    }
  }

  /// Computes some rows and panels: `to[row][n] = epilogue(bias[n] + from[row] · w[n])`.
  ///
  /// - Parameters:
  ///   - slice: the inputs to sum over, all by default. The bias is added with the first input.
  ///   - epilogue: the layer's by default.
  @unsafe package func run(
    rows: Int, from: UnsafeRawPointer, stride: Int, to: UnsafeMutableRawPointer, toStride: Int,
    panels range: Range<Int>? = nil, slice: Range<Int>? = nil, epilogue: Epilogue? = nil
  ) {
    guard rows > 0 else { return }
    precondition(groups == 1 && (slice == nil || segments.count == 1), "a grouped product by itself")
    let epilogue = epilogue ?? self.epilogue
    let range = range ?? 0..<panels
    let slice = slice ?? 0..<inputs
    var g = unsafe ck_gemm()
    unsafe withUnsafeMutableBytes(of: &g.a) { bases in
      let bases = unsafe bases.assumingMemoryBound(to: UnsafeRawPointer?.self)
      for (index, offset) in segments.enumerated() { unsafe bases[index] = from + offset * format.activation }
    }
    unsafe g.segments = segments.count
    unsafe g.a_stride = stride
    unsafe g.w = UnsafeRawPointer(packed.raw)
    unsafe g.c = to
    unsafe g.c_stride = toStride
    unsafe (g.r, g.r_stride) = (epilogue.addend, epilogue.addendStride)
    unsafe g.rows = rows
    unsafe g.k = slice.count / segments.count
    unsafe (g.w_rows, g.w_first) = (inputs, slice.lowerBound)
    unsafe g.n = outputs
    unsafe g.panel_begin = range.lowerBound
    unsafe g.panel_end = range.upperBound
    unsafe g.epilogue = epilogue.bounds
    unsafe kernels.table.pointee.f32_gemm_clamp(&g)
  }

  /// Computes all rows in tiles of rows and panels, which the pool's threads take one by one.
  ///
  /// - Parameters:
  ///   - stride: elements between the input rows, `inputs` by default.
  ///   - toStride: elements between the output rows, `outputs` by default.
  @unsafe package func runAll(
    on pool: WorkerPool, rows: Int, from: UnsafeRawPointer, stride: Int? = nil, to: UnsafeMutableRawPointer,
    toStride: Int? = nil, epilogue: Epilogue? = nil
  ) {
    let stride = stride ?? inputs
    let toStride = toStride ?? outputs
    let epilogue = epilogue ?? self.epilogue
    if pool.threads == 1 {
      unsafe run(
        rows: rows, from: from, stride: stride, to: to, toStride: toStride, epilogue: epilogue)
      return
    }
    let grid = TileGrid(rows: rows, panels: panels, threads: pool.threads)
    pool.run(grid.tasks) { task, _ in
      let (taskRows, taskPanels) = grid[task]
      let begin = taskRows.lowerBound * format.activation
      unsafe run(
        rows: taskRows.count, from: from + begin * stride, stride: stride, to: to + begin * toStride,
        toStride: toStride, panels: taskPanels,
        epilogue: epilogue.adding(
          epilogue.addend.map { unsafe $0 + begin * epilogue.addendStride }, stride: epilogue.addendStride))
    }
  }
}

/// A GEMM divided into tasks for several threads.
///
/// The tasks are few, since each reads all of its weights, but enough that a preempted thread leaves little to wait
/// for.
struct TileGrid {
  /// Two register tiles' rows of the widest kernels.
  private static let grain = 28
  private let rows, panels, rowTasks, panelTasks: Int

  init(rows: Int, panels: Int, threads: Int) {
    self.rows = rows
    self.panels = panels
    let wanted = threads * 2
    let available = (rows + TileGrid.grain - 1) / TileGrid.grain
    // Division by rows is best: a task then reads the weights once. With few rows the panels are divided instead.
    if available >= wanted * 2 || panels < wanted {
      rowTasks = min(available, wanted)
      panelTasks = available >= wanted ? 1 : min(panels, (wanted + available - 1) / available)
    } else {
      rowTasks = 1
      panelTasks = min(panels, wanted)
    }
  }

  var tasks: Int { rowTasks * panelTasks }

  subscript(task: Int) -> (rows: Range<Int>, panels: Range<Int>) {
    let grains = (rows + TileGrid.grain - 1) / TileGrid.grain
    let (row, panel) = (task % rowTasks, task / rowTasks)
    let begin = grains * row / rowTasks * TileGrid.grain
    let end = min(grains * (row + 1) / rowTasks * TileGrid.grain, rows)
    return (begin..<end, panels * panel / panelTasks..<panels * (panel + 1) / panelTasks)
  }
}

import CKernels
import Tensors

/// A matrix product with bias and clamp, its weights packed for one instruction set: a 1x1 convolution, or a 3x3 one over
/// slices of padded rows.
@safe package final class PackedPointwise: @unchecked Sendable {
  package let inputs: Int
  package let outputs: Int
  package let panels: Int
  package let activation: Activation
  let kernels: KernelSet
  let packed: AlignedFloats

  /// - Parameters:
  ///   - weights: `[inputs, outputs]`.
  ///   - bias: `[outputs]`.
  ///   - wholeVectors: whether the product goes to a strip's ring, which is made of whole vectors.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation,
    wholeVectors: Bool = false
  ) {
    precondition(weights.count == inputs * outputs && bias.count == outputs, "weights of another shape")
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    self.kernels = kernels
    panels = unsafe ck_gemm_panels(kernels.table, outputs)
    let vectors: Int32 = wholeVectors ? 1 : 0
    packed = AlignedFloats(count: unsafe ck_packed_gemm_size(kernels.table, inputs, outputs, vectors))
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe ck_pack_gemm(
          kernels.table, weights.baseAddress!, bias.baseAddress!, inputs, outputs, vectors, packed.base)
      }
    }
  }

  /// Computes some rows and panels: `to[row][n] = clamp(bias[n] + from[row] · w[n] (+ residual[row][n]))`.
  ///
  /// - Parameters:
  ///   - residualStride: floats between the residual's rows; 0 adds the same row everywhere.
  ///   - slice: the inputs to sum over; the bias comes with the first. All of them by default.
  ///   - isPartial: whether more will be added, so that nothing is clamped yet.
  @unsafe package func run(
    rows: Int, from: UnsafePointer<Float>, stride: Int, to: UnsafeMutablePointer<Float>, toStride: Int,
    residual: UnsafePointer<Float>? = nil, residualStride: Int? = nil, panels range: Range<Int>? = nil,
    slice: Range<Int>? = nil, isPartial: Bool = false
  ) {
    guard rows > 0 else { return }
    let (low, high) = isPartial ? Activation.linear.bounds : activation.bounds
    let range = range ?? 0..<panels
    let slice = slice ?? 0..<inputs
    var g = unsafe ck_gemm()
    unsafe g.a.0 = from
    unsafe g.segments = 1
    unsafe g.a_stride = stride
    unsafe g.w = UnsafePointer(packed.base)
    unsafe g.c = to
    unsafe g.c_stride = toStride
    unsafe g.r = residual
    unsafe g.r_stride = residualStride ?? toStride
    unsafe g.rows = rows
    unsafe g.k = slice.count
    unsafe (g.w_rows, g.w_first) = (inputs, slice.lowerBound)
    unsafe g.n = outputs
    unsafe g.panel_begin = range.lowerBound
    unsafe g.panel_end = range.upperBound
    unsafe g.low = low
    unsafe g.high = high
    unsafe kernels.table.pointee.f32_gemm_clamp(&g)
  }

  /// Computes all rows, shared among the pool's threads: in tiles of rows and panels that each worker takes as it comes.
  @unsafe package func runAll(
    on pool: WorkerPool, rows: Int, from: UnsafePointer<Float>, stride: Int? = nil, to: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>? = nil, residualStride: Int? = nil
  ) {
    let stride = stride ?? inputs
    let addendStride = residualStride ?? outputs
    if pool.threads == 1 {
      unsafe run(
        rows: rows, from: from, stride: stride, to: to, toStride: outputs, residual: residual,
        residualStride: addendStride)
      return
    }
    let grid = TileGrid(rows: rows, panels: panels, threads: pool.threads)
    pool.run(grid.tasks) { task, _ in
      let (taskRows, taskPanels) = grid[task]
      let begin = taskRows.lowerBound
      unsafe run(
        rows: taskRows.count, from: from + begin * stride, stride: stride, to: to + begin * outputs, toStride: outputs,
        residual: residual.map { unsafe $0 + begin * addendStride }, residualStride: addendStride, panels: taskPanels)
    }
  }
}

/// A product cut into tasks for several threads.
///
/// Few tasks, since each reads all of its weights; but enough that a thread that is held up leaves little to wait for.
struct TileGrid {
  /// Rows of a register tile of the widest kernels, twice.
  private static let grain = 28
  private let rows, panels, rowTasks, panelTasks: Int

  init(rows: Int, panels: Int, threads: Int) {
    self.rows = rows
    self.panels = panels
    let wanted = threads * 2
    let available = (rows + TileGrid.grain - 1) / TileGrid.grain
    // Rows cut best: weights then pass by once a task. Where there are few rows, panels are dealt out instead.
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

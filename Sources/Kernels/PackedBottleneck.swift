import Tensors

/// An inverted residual, ready to run: expand 1x1, depthwise 3x3, linear project 1x1, and the skip between the thin ends.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", sections 3.3 and 5.
@safe package final class PackedBottleneck: Sendable {
  /// How the threads share the block, and how much of the wide tensor exists at once.
  package enum Strategy: Hashable, Sendable {
    /// Each worker keeps a rolling ring of expanded rows; `strip` output rows are projected at a time.
    case rows(strip: Int)
    /// Workers take slices of the expanded channels, then, when all have ended, rows of the projection.
    case channels
  }

  package let expand: PackedPointwise?
  package let depthwise: PackedDepthwise
  package let project: PackedPointwise
  package let hasSkip: Bool

  package init(expand: PackedPointwise?, depthwise: PackedDepthwise, project: PackedPointwise, hasSkip: Bool) {
    precondition(project.inputs == depthwise.channels && (expand?.outputs ?? depthwise.channels) == depthwise.channels)
    self.expand = expand
    self.depthwise = depthwise
    self.project = project
    self.hasSkip = hasSkip
  }

  private var wide: Int { depthwise.channels }
  private var inputs: Int { expand?.inputs ?? wide }

  /// Floats of a ring that holds the expanded rows under `strip` output rows.
  private func ringRows(_ g: Geometry, strip: Int) -> Int {
    expand == nil ? 0 : min((strip - 1) * g.stride + 2 * g.dilation + 1, g.height)
  }

  /// The strategy for a map and a number of threads.
  package func strategy(_ g: Geometry, threads: Int) -> Strategy {
    if threads > 1 && g.outHeight < 14 * threads && expand != nil { return .channels }
    // As many rows as keep the ring and the strip in half a megabyte: half of a usual second-level cache.
    let budget = 128 * 1024
    var strip = 1
    while strip < g.outHeight && workerScratch(g, strip: strip + 1) <= budget { strip += 1 }
    return .rows(strip: strip)
  }

  private func workerScratch(_ g: Geometry, strip: Int) -> Int {
    (ringRows(g, strip: strip) * g.width + strip * g.outWidth) * wide
  }

  /// Floats of scratch memory that `run` needs.
  ///
  /// - Parameter expansionGiven: whether the caller provides the memory of the whole expansion, because it is a tap.
  package func scratch(_ g: Geometry, _ strategy: Strategy, threads: Int, expansionGiven: Bool) -> Int {
    switch strategy {
    case .rows(let strip) where !expansionGiven: return threads * workerScratch(g, strip: strip)
    default:
      let expansion = expansionGiven || expand == nil ? 0 : g.height * g.width * wide
      return expansion + g.outHeight * g.outWidth * wide
    }
  }

  /// Runs the block on a map `[height, width, inputs]` into `[outHeight, outWidth, outputs]`.
  ///
  /// - Parameters:
  ///   - expansion: where to leave the whole expanded map, when it is asked for.
  @unsafe package func run(
    _ g: Geometry, _ strategy: Strategy, on pool: WorkerPool, from: UnsafePointer<Float>,
    to: UnsafeMutablePointer<Float>, expansion: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    switch (strategy, expand) {
    case (.rows(let strip), _) where unsafe expansion == nil:
      // Rows are dealt out evenly: at each border between two workers a few expanded rows are computed by both.
      let tasks = min(pool.threads, g.outHeight)
      pool.run(tasks) { task, worker in
        unsafe runRows(
          g, g.outHeight * task / tasks..<g.outHeight * (task + 1) / tasks, strip: strip, from: from, to: to,
          scratch: scratch + worker * workerScratch(g, strip: strip))
      }
    case (_, let expand?):
      let map = unsafe expansion ?? scratch
      let filtered = unsafe expansion == nil ? scratch + g.height * g.width * wide : scratch
      unsafe runChannels(g, on: pool, expand: expand, from: from, to: to, expansion: map, filtered: filtered)
    case (_, nil): preconditionFailure("a block without an expansion has none to leave")
    }
  }

  @unsafe private func runRows(
    _ g: Geometry, _ outRows: Range<Int>, strip: Int, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let slots = ringRows(g, strip: strip)
    let rowSize = g.width * wide
    let ring = unsafe scratch
    let filtered = unsafe scratch + slots * rowSize
    var expanded = max(outRows.lowerBound * g.stride - g.padTop, 0)
    for begin in stride(from: outRows.lowerBound, to: outRows.upperBound, by: strip) {
      let end = min(begin + strip, outRows.upperBound)
      if let expand {
        let needed = min((end - 1) * g.stride - g.padTop + 2 * g.dilation + 1, g.height)
        while expanded < needed {
          // Rows up to the end of the ring are one matrix.
          let slot = expanded % slots
          let count = min(needed - expanded, slots - slot)
          unsafe expand.run(
            rows: count * g.width, from: from + expanded * g.width * inputs, stride: inputs, to: ring + slot * rowSize,
            toStride: wide)
          expanded += count
        }
      }
      for y in begin..<end {
        let rows = g.inputRows(of: y)
        func row(_ index: Int?) -> UnsafePointer<Float>? {
          guard let index else { return nil }
          return unsafe expand == nil ? from + index * rowSize : UnsafePointer(ring + (index % slots) * rowSize)
        }
        unsafe depthwise.run(
          g, rows: (row(rows.0), row(rows.1), row(rows.2)), inStride: wide,
          to: filtered + (y - begin) * g.outWidth * wide, outStride: wide)
      }
      let offset = begin * g.outWidth * project.outputs
      unsafe project.run(
        rows: (end - begin) * g.outWidth, from: filtered, stride: wide, to: to + offset, toStride: project.outputs,
        residual: hasSkip ? from + offset : nil)
    }
  }

  @unsafe private func runChannels(
    _ g: Geometry, on pool: WorkerPool, expand: PackedPointwise, from: UnsafePointer<Float>,
    to: UnsafeMutablePointer<Float>, expansion: UnsafeMutablePointer<Float>, filtered: UnsafeMutablePointer<Float>
  ) {
    let slices = min(pool.threads == 1 ? 1 : pool.threads * 2, expand.panels)
    let width = expand.panelWidth
    pool.run(slices) { slice, _ in
      let panels = expand.panels * slice / slices..<expand.panels * (slice + 1) / slices
      unsafe expand.run(
        rows: g.height * g.width, from: from, stride: inputs, to: expansion, toStride: wide, panels: panels)
      unsafe depthwise.runRows(
        g, outRows: 0..<g.outHeight, from: expansion, to: filtered,
        channels: panels.lowerBound * width..<min(panels.upperBound * width, wide))
    }
    unsafe project.runAll(
      on: pool, rows: g.outHeight * g.outWidth, from: filtered, to: to, residual: hasSkip ? from : nil)
  }
}

import CKernels
import Tensors

/// The plan of a fused block for one size of map, made once.
package struct FusedPlan: Hashable, Sendable {
  /// The division of the block among the threads, and the part of the expanded tensor that exists at once.
  ///
  /// The strategy decides the summation order of the projection, so it never depends on the number of threads.
  package enum Strategy: Hashable, Sendable {
    /// Strips of that many output rows over a rolling ring of expanded rows, one ring for each worker. Where the shares
    /// of two workers meet, both compute the expanded rows that they need.
    case rows(Int)
    /// Split-K: the expanded channels in two halves, each in strips of that many rows, and the sum of the two
    /// projections. It is for deep blocks, whose few rows divide badly. Each worker then reads half of the weights.
    case halves(Int)

    package var rows: Int {
      switch self {
      case .rows(let rows), .halves(let rows): return rows
      }
    }
  }

  package let strategy: Strategy
  /// The geometry of the depthwise convolution; `nil` where only the expanded rows are computed.
  package let geometry: Geometry?
  /// The geometry of the stem on the image, where the stem makes the expanded rows.
  package let image: Geometry?
  /// The size of the expanded map.
  package let height, width: Int
  package let outHeight, outWidth: Int
  /// The number of workers with scratch memory.
  package let workers: Int
  /// Panels of the expanded channels in each slice: one slice, or two halves.
  let slices: [Range<Int>]
  /// Expanded channels of a panel.
  let panelWidth: Int
  /// Expanded rows in a ring, and columns of each with the zero padding.
  let slots, paddedWidth: Int
  /// Elements between pixels of the depthwise output: a slice's channels in whole vectors.
  let filteredStride: Int
  /// Bytes of the depthwise output rows of one branch.
  let filteredSize: Int
  /// Offsets into a worker's memory, in bytes.
  let zerosOffset, filteredOffset, paddedOffset: Int
  /// Bytes of one worker's memory.
  let workerSize: Int
  /// Bytes of the first half's sums, for each branch.
  let partialSizes: [Int]
  /// Bytes of the work-stealing ranges of each slice.
  let rangesSize: Int
  /// Bytes of scratch memory that a run needs.
  package let scratch: Int

  /// Plans a block for one size of expanded map.
  ///
  /// - Parameters:
  ///   - geometry: the depthwise convolution on the expanded map; `nil` computes the expanded rows only.
  ///   - image: the stem on the image.
  ///   - strategy: `nil` for the fastest one.
  package init(
    _ block: FusedBlock, _ geometry: Geometry?, image: Geometry? = nil, height: Int, width: Int, threads: Int,
    strategy: Strategy? = nil
  ) {
    let format = block.format
    let lanes = format.lanes
    let channels = block.source.channels
    self.geometry = geometry
    self.image = image
    self.height = height
    self.width = width
    outHeight = geometry?.outHeight ?? height
    outWidth = geometry?.outWidth ?? width
    paddedWidth = geometry?.paddedWidth ?? width
    workers = threads
    panelWidth = format.panel
    let groups = block.source.groups
    let panels = groups * ((channels / groups + panelWidth - 1) / panelWidth)
    // Split-K needs a projection that is a single GEMM. Depthwise output without a projection has no sums to split.
    let canHalve =
      panels > 1 && groups == 1 && !block.branches.isEmpty && block.channels == nil && block.answerStride == nil
      && block.branches.allSatisfy { $0.projects.count == 1 && $0.projects[0].segments.count == 1 }
      || panels > 1 && block.isFilteredProduct
    var chosen =
      strategy
      ?? FusedPlan.choose(
        block, geometry, outHeight: outHeight, outWidth: outWidth, canHalve: canHalve)
    if case .halves(let rows) = chosen, !canHalve { chosen = .rows(rows) }
    self.strategy = chosen
    if case .halves = chosen { slices = [0..<panels / 2, panels / 2..<panels] } else { slices = [0..<panels] }
    let slicePanels = slices.last!.count
    filteredStride =
      groups > 1 ? panels * panelWidth : min(slicePanels * panelWidth, (channels + lanes - 1) / lanes * lanes)
    let rows = min(chosen.rows, outHeight)
    let slots = min(geometry.map { (rows - 1) * $0.stride + 2 * $0.dilation + 1 } ?? rows, height)
    self.slots = slots
    filteredSize = rows * outWidth * filteredStride * format.activation
    let projected = block.branches.filter { !$0.projects.isEmpty }.count
    zerosOffset = slicePanels * slots * panelWidth * paddedWidth * format.activation
    filteredOffset = zerosOffset + (geometry == nil ? 0 : FusedPlan.wholeLines(paddedWidth * lanes * format.activation))
    paddedOffset = filteredOffset + projected * filteredSize
    let padded =
      image.map { ((slots - 1) * $0.stride + 2 * $0.dilation + 1) * $0.paddedWidth * block.source.inputs } ?? 0
    workerSize = FusedPlan.wholeLines(paddedOffset + padded * format.activation)
    let pixels = outHeight * outWidth
    let branches = block.branches
    partialSizes =
      slices.count == 1 || threads == 1 || block.isFilteredProduct
      ? [] : branches.map { pixels * $0.outputs * format.sum }
    rangesSize = MemoryLayout<ck_range>.stride * threads
    scratch = rangesSize * slices.count + workerSize * threads + partialSizes.reduce(0, +)
  }

  /// Bytes filled up to whole cache lines.
  private static func wholeLines(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }

  /// The strategy for a map, whatever the number of threads.
  ///
  /// Split-K saves the expanded rows that two workers would both compute, at the cost of exchanging the sums. Measured,
  /// it pays for blocks with many channels or few rows. A strip has enough rows to give the GEMM a few register tiles.
  private static func choose(
    _ block: FusedBlock, _ geometry: Geometry?, outHeight: Int, outWidth: Int, canHalve: Bool
  ) -> Strategy {
    switch block.source {
    // Each half has its own channels, so nothing is computed twice. A strip of all rows reads the weights once.
    case .pointwise where block.isFilteredProduct && outHeight <= 28: return .halves(outHeight <= 14 ? outHeight : 4)
    case .pointwise where canHalve && (block.source.channels >= 384 && outHeight <= 40 || outHeight <= 8):
      return .halves(2)
    case .map: return .rows(max(2, (56 + outWidth - 1) / outWidth))
    // Two new expanded rows a strip.
    default: return .rows(geometry?.stride == 2 ? 1 : 2)
    }
  }

  /// The expanded rows under some output rows.
  func wideRows(of rows: Range<Int>) -> Range<Int> { geometry?.inputRows(of: rows) ?? rows }

  /// The expanded rows owned by some output rows.
  ///
  /// Each expanded row has exactly one owner.
  func ownedRows(of rows: Range<Int>) -> Range<Int> {
    guard let geometry else { return rows }
    let end = rows.upperBound == outHeight ? height : min(rows.upperBound * geometry.stride, height)
    return min(rows.lowerBound * geometry.stride, height)..<end
  }
}

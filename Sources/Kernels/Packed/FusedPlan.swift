import CKernels
import Tensors

/// How a fused block runs on one size of map: decided once.
package struct FusedPlan: Hashable, Sendable {
  /// How the threads share the block, and how much of the wide tensor exists at once.
  ///
  /// The strategy decides in which order the projection's products are added, so it never depends on the threads.
  package enum Strategy: Hashable, Sendable {
    /// Each worker keeps a rolling ring of wide rows, and projects that many output rows at a time. Where the shares of
    /// two workers meet, both compute the wide rows that they need.
    case rows(Int)
    /// The wide channels in two halves, each in strips of that many rows, and the sum of the two projections: for deep
    /// blocks, whose few rows cut badly. Each worker then reads half of the weights.
    case halves(Int)

    package var rows: Int {
      switch self {
      case .rows(let rows), .halves(let rows): return rows
      }
    }
  }

  package let strategy: Strategy
  /// The depthwise convolution's places; `nil` where only the wide rows are made.
  package let geometry: Geometry?
  /// The first convolution's places on the image, where that makes the wide rows.
  package let image: Geometry?
  /// The wide map.
  package let height, width: Int
  package let outHeight, outWidth: Int
  /// Workers that have memory.
  package let workers: Int
  /// Panels of the wide channels in each slice: one slice, or two halves.
  let slices: [Range<Int>]
  /// Wide channels of a panel.
  let panelWidth: Int
  /// Wide rows in a ring, and columns of each with the zeros beside them.
  let slots, paddedWidth: Int
  /// Elements between filtered pixels: a slice's channels in whole vectors.
  let filteredStride: Int
  /// Bytes of the filtered rows of one branch.
  let filteredSize: Int
  /// Where a worker's memory holds what, in bytes.
  let zerosOffset, filteredOffset, paddedOffset: Int
  /// Bytes of one worker.
  let workerSize: Int
  /// Bytes of the sums that the first half leaves, for each branch.
  let partialSizes: [Int]
  /// Bytes of the ranges that workers take from, for each slice.
  let rangesSize: Int
  /// Bytes of scratch memory that a run needs.
  package let scratch: Int

  /// Plans a block on a wide map.
  ///
  /// - Parameters:
  ///   - geometry: the depthwise convolution on the wide map; `nil` makes the wide rows only.
  ///   - image: the first convolution on the image.
  ///   - strategy: `nil` for what is fastest.
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
    // Sums of halves are those of one product; filtered rows without a product are no sums at all.
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
  /// Halves save the wide rows that two workers would both compute, and cost the exchange of the sums: measured, that pays
  /// for blocks that are deep or low. Strips are as high as gives the products a few register tiles.
  private static func choose(
    _ block: FusedBlock, _ geometry: Geometry?, outHeight: Int, outWidth: Int, canHalve: Bool
  ) -> Strategy {
    switch block.source {
    // Each half has its own channels, so nothing is computed twice; all rows at once read the weights once.
    case .pointwise where block.isFilteredProduct && outHeight <= 28: return .halves(outHeight <= 14 ? outHeight : 4)
    case .pointwise where canHalve && (block.source.channels >= 384 && outHeight <= 40 || outHeight <= 8):
      return .halves(2)
    case .map: return .rows(max(2, (56 + outWidth - 1) / outWidth))
    // Two new wide rows a strip.
    default: return .rows(geometry?.stride == 2 ? 1 : 2)
    }
  }

  /// The wide rows under some output rows.
  func wideRows(of rows: Range<Int>) -> Range<Int> { geometry?.inputRows(of: rows) ?? rows }

  /// The wide rows that belong to some output rows alone: each belongs to just one.
  func ownedRows(of rows: Range<Int>) -> Range<Int> {
    guard let geometry else { return rows }
    let end = rows.upperBound == outHeight ? height : min(rows.upperBound * geometry.stride, height)
    return min(rows.lowerBound * geometry.stride, height)..<end
  }
}

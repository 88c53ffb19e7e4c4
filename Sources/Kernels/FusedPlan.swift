import Tensors

/// How a fused block runs on one size of map: decided once.
package struct FusedPlan: Hashable, Sendable {
  /// How the threads share the block, and how much of the wide tensor exists at once.
  package enum Strategy: Hashable, Sendable {
    /// Each worker keeps a rolling ring of wide rows, and projects that many output rows at a time.
    case rows(Int)
    /// Workers take panels of the wide channels for the whole map, then, when all have ended, tiles of the projection.
    case channels
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
  /// Panels of the wide channels.
  let panels: Int
  /// Wide rows in a ring, and columns of each with the zeros beside them.
  let slots, paddedWidth: Int
  /// Floats between filtered pixels: the wide channels in whole vectors.
  let filteredStride: Int
  /// Floats of the filtered rows of one branch.
  let filteredCount: Int
  let zerosOffset, filteredOffset, paddedOffset: Int
  /// Floats of one worker.
  let workerCount: Int
  /// Floats of the ranges that workers take from.
  var rangesCount: Int { 16 * workers }
  /// Floats of scratch memory that a run needs.
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
    let lanes = block.kernels.lanes
    let channels = block.source.channels
    self.geometry = geometry
    self.image = image
    self.height = height
    self.width = width
    outHeight = geometry?.outHeight ?? height
    outWidth = geometry?.outWidth ?? width
    panels = (channels + 2 * lanes - 1) / (2 * lanes)
    paddedWidth = geometry?.paddedWidth ?? width
    filteredStride = (channels + lanes - 1) / lanes * lanes
    workers = threads
    let chosen = strategy ?? FusedPlan.choose(block, geometry, outHeight: outHeight, threads: threads, height: height)
    self.strategy = chosen
    let rows: Int
    switch chosen {
    case .rows(let strip): rows = min(strip, outHeight)
    case .channels: rows = outHeight
    }
    let isRows = chosen != .channels
    let reach = geometry.map { (rows - 1) * $0.stride + 2 * $0.dilation + 1 } ?? rows
    slots = isRows ? min(reach, height) : height
    let projected = block.branches.filter { $0.project != nil }.count
    filteredCount = rows * outWidth * filteredStride
    let ring = (isRows ? panels : 1) * slots * 2 * lanes * paddedWidth
    zerosOffset = ring
    filteredOffset = zerosOffset + (geometry == nil ? 0 : (paddedWidth * lanes + 15) / 16 * 16)
    paddedOffset = filteredOffset + (isRows ? projected * filteredCount : 0)
    let made = isRows ? slots : height
    let padded =
      image.map { ((made - 1) * $0.stride + 2 * $0.dilation + 1) * $0.paddedWidth * block.source.inputs } ?? 0
    workerCount = (paddedOffset + padded + 15) / 16 * 16
    scratch = 16 * threads + workerCount * threads + (isRows ? 0 : projected * filteredCount)
  }

  /// The strategy for a map and a number of threads.
  private static func choose(
    _ block: FusedBlock, _ geometry: Geometry?, outHeight: Int, threads: Int, height: Int
  ) -> Strategy {
    return .rows(1)
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

import CKernels
import Tensors

/// Rows of a picture as the kernels that resize along a row want them: three or four bytes a pixel, three of them colours.
///
/// They lie in the picture itself where its format is like that. Otherwise a row is converted when it is asked for, and of
/// it only the columns that the resize reads.
@safe struct PixelRows: @unchecked Sendable {
  /// Bytes from a pixel to the next: 3, or 4 where the picture has alpha.
  let step: Int
  /// Whether a pixel's colours are blue, green, red.
  let isBlueFirst: Bool
  /// Bytes of a converted row; 0 where rows are read in place.
  let scratchBytes: Int

  private let kernels: UnsafePointer<ck_kernels>
  private let planes: [PixelView.Plane]
  private let format: PixelFormat
  private let weights: ck_yuv
  /// The picture's row where the region begins.
  private let top: Int
  /// The picture's column that rows begin with.
  private let first: Int
  /// Pixels of a row.
  private let count: Int
  /// The region's column that rows begin with; may be -1, where a pair of columns begins outside the region.
  private let origin: Int

  /// - Parameters:
  ///   - columns: the region's that are read, not empty.
  ///   - view: outlives this.
  init(_ view: borrowing PixelView, _ region: ImageRegion, columns: Range<Int>, _ kernels: UnsafePointer<ck_kernels>) {
    unsafe self.kernels = unsafe kernels
    unsafe planes = unsafe view.planes
    format = view.format
    let m = YUVWeights(view.encoding)
    weights = ck_yuv(
      black: m.black, luma: m.luma, red_cr: m.redCr, green_cb: m.greenCb, green_cr: m.greenCr, blue_cb: m.blueCb)
    top = region.y
    isBlueFirst = format == .bgr || format == .bgra
    let isInPlace = format.step > 1
    step = isInPlace ? format.step : 3
    let begin = region.x + columns.lowerBound
    // Two columns share their chroma, so a row begins with the first of them.
    first = format.planes > 1 ? begin & ~1 : begin
    origin = first - region.x
    count = region.x + columns.upperBound - first
    scratchBytes = isInPlace ? 0 : count * 3
  }

  /// The byte of a row where a column of the region begins.
  func place(_ column: Int) -> UInt32 { UInt32((column - origin) * step) }

  /// Memory for a converted row, to be deallocated; `nil` where rows are read in place.
  func makeScratch() -> UnsafeMutablePointer<UInt8>? {
    scratchBytes == 0 ? nil : .allocate(capacity: scratchBytes)
  }

  /// A row of the region, and whatever can be read behind it.
  ///
  /// - Parameter scratch: from `makeScratch`; holds the row until the next one is asked for.
  @unsafe func row(_ row: Int, _ scratch: UnsafeMutablePointer<UInt8>?) -> UnsafeBufferPointer<UInt8> {
    let y = top + row
    guard let scratch = unsafe scratch else { return unsafe bytes(0, y, first * step) }
    let pixels = unsafe bytes(0, y, first).baseAddress!
    switch format {
    case .rgb, .bgr, .rgba, .bgra: break
    case .gray:
      for x in 0..<count {
        let level = unsafe pixels[x]
        unsafe scratch[3 * x] = level
        unsafe scratch[3 * x + 1] = level
        unsafe scratch[3 * x + 2] = level
      }
    case .nv12:
      let pairs = unsafe bytes(1, y / 2, first).baseAddress!
      unsafe withWeights { unsafe kernels.pointee.u8_yuv_row(pixels, pairs, pairs + 1, 2, $0, count, scratch) }
    case .i420:
      let cb = unsafe bytes(1, y / 2, first / 2).baseAddress!
      let cr = unsafe bytes(2, y / 2, first / 2).baseAddress!
      unsafe withWeights { unsafe kernels.pointee.u8_yuv_row(pixels, cb, cr, 1, $0, count, scratch) }
    }
    return unsafe UnsafeBufferPointer(start: scratch, count: scratchBytes)
  }

  @unsafe private func withWeights(_ body: (UnsafePointer<ck_yuv>) -> Void) {
    unsafe withUnsafePointer(to: weights) { unsafe body($0) }
  }

  /// The plane's bytes from one of its rows on.
  @unsafe private func bytes(_ plane: Int, _ row: Int, _ offset: Int) -> UnsafeBufferPointer<UInt8> {
    let plane = unsafe planes[plane]
    let at = unsafe row * plane.bytesPerRow + offset
    let start = unsafe plane.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + at
    return unsafe UnsafeBufferPointer(start: start, count: plane.bytes.count - at)
  }
}

import CKernels
import ImageTypes

/// Rows of a picture in the form that the resize kernels read: three or four bytes a pixel, three of them colours.
///
/// Rows of such a format are read in place. A row of another format is converted on demand, and only the columns that
/// the resize reads.
@safe struct PixelRows: @unchecked Sendable {
  /// Bytes from one pixel to the next: 3, or 4 with alpha.
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
  /// The first column of a row, in the picture.
  private let first: Int
  /// Pixels of a row.
  private let count: Int
  /// The first column of a row, in the region.
  ///
  /// It is -1 where a pair of columns begins outside the region.
  private let origin: Int

  /// - Parameters:
  ///   - columns: the columns of the region that are read, not empty.
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
    // Two columns share their chroma, so a row begins with the first of a pair.
    first = format.planes > 1 ? begin & ~1 : begin
    origin = first - region.x
    count = region.x + columns.upperBound - first
    scratchBytes = isInPlace ? 0 : count * 3
  }

  /// The byte offset in a row of a column of the region.
  func place(_ column: Int) -> UInt32 { UInt32((column - origin) * step) }

  /// Memory for a converted row, to be deallocated; `nil` where rows are read in place.
  func makeScratch() -> UnsafeMutablePointer<UInt8>? {
    scratchBytes == 0 ? nil : .allocate(capacity: scratchBytes)
  }

  /// A row of the region, and the readable bytes behind it.
  ///
  /// - Parameter scratch: from `makeScratch`; holds the row until the next call.
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

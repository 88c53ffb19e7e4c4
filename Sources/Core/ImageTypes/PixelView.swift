/// An image in memory of another owner, read in place: a camera's frame, a decoder's, an `Image`.
///
/// It copies nothing and owns nothing. It can't be copied either, so that one that a closure is lent doesn't outlive
/// the pixels. Whoever makes one from a pointer promises that the memory stays valid, and unchanged while it is read.
///
/// Rows are from the top, and pixels from the left, as displayed.
@safe public struct PixelView: ~Copyable, @unchecked Sendable {
  /// The maximum of columns and rows, 2^24: resizing computes in fp32, which cannot distinguish the pixels of longer
  /// rows.
  public static let maximumExtent = 1 << 24

  /// Rows of samples at a fixed distance.
  @unsafe public struct Plane {
    /// The bytes from the first sample of the first row on; padding behind the last row is not needed.
    public let bytes: UnsafeRawBufferPointer
    /// The distance in bytes between the beginnings of two rows, padding included.
    public let bytesPerRow: Int

    /// Describes a plane in memory that stays valid, and unchanged while it is read.
    public init(_ bytes: UnsafeRawBufferPointer, bytesPerRow: Int) {
      unsafe self.bytes = unsafe bytes
      unsafe self.bytesPerRow = bytesPerRow
    }
  }

  /// Columns, at least 1.
  public let width: Int
  /// Rows, at least 1.
  public let height: Int
  /// The layout of a pixel's bytes.
  public let format: PixelFormat
  /// The conversion of `nv12` and `i420` to RGB; ignored for the other formats.
  public let encoding: YUVEncoding
  /// The planes in memory, valid during the view's lifetime; their number and sizes are those of the format.
  @unsafe package let planes: [Plane]

  /// Creates a view of planes at any addresses.
  ///
  /// - Parameters:
  ///   - planes: as many as `format.planes`. Of a chroma plane, `(width + 1) / 2` samples (of `nv12`: pairs) in
  ///     `(height + 1) / 2` rows are read.
  ///   - width: pixels, 1 to `maximumExtent`.
  ///   - height: pixels, 1 to `maximumExtent`.
  ///   - encoding: the conversion of `nv12` and `i420` to RGB.
  /// - Throws: `PixelViewError` for an invalid size or number of planes, or for a row distance or number of bytes that
  ///   is too small.
  @unsafe public init(
    planes: [Plane], width: Int, height: Int, format: PixelFormat, encoding: YUVEncoding = .standard
  ) throws(PixelViewError) {
    try PixelView.check(width, height)
    guard unsafe planes.count == format.planes else {
      throw unsafe .planes(expected: format.planes, found: planes.count)
    }
    for index in 0..<format.planes {
      let plane = unsafe planes[index]
      let (row, rows) = format.extent(ofPlane: index, width: width, height: height)
      let (distance, found) = unsafe (plane.bytesPerRow, plane.bytes.count)
      guard distance >= row else { throw .bytesPerRow(plane: index, expected: row, found: distance) }
      let (before, isHuge) = distance.multipliedReportingOverflow(by: rows - 1)
      let (needed, isHuger) = before.addingReportingOverflow(row)
      if isHuge || isHuger || found < needed {
        throw .bytes(plane: index, expected: isHuge || isHuger ? .max : needed, found: found)
      }
    }
    unsafe self.init(unchecked: planes, width, height, format, encoding)
  }

  /// Creates a view of an image in contiguous memory.
  ///
  /// - Parameters:
  ///   - bytes: the image's. Planes follow each other without a gap; padding behind the last row is not needed.
  ///   - width: pixels, 1 to `maximumExtent`.
  ///   - height: pixels, 1 to `maximumExtent`.
  ///   - bytesPerRow: from the beginning of a row to that of the next, padding included; rows of chroma are as far
  ///     apart in `nv12`, and half as far in `i420`. `nil` for rows without padding, which in `nv12` and `i420` have an
  ///     even number of bytes.
  ///   - encoding: how `nv12` and `i420` become RGB.
  /// - Throws: `PixelViewError` for a size, a row distance or a number of bytes that is too small.
  @unsafe public init(
    _ bytes: UnsafeRawBufferPointer, width: Int, height: Int, bytesPerRow: Int? = nil, format: PixelFormat,
    encoding: YUVEncoding = .standard
  ) throws(PixelViewError) {
    try PixelView.check(width, height)
    let distance = bytesPerRow ?? (format.planes == 1 ? width * format.step : (width + 1) / 2 * 2)
    var planes: [Plane] = unsafe []
    var begin = 0
    for index in 0..<format.planes {
      let apart = index > 0 && format == .i420 ? distance / 2 : distance
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[min(begin, bytes.count)...])
      unsafe planes.append(Plane(rest, bytesPerRow: apart))
      let (size, isHuge) = apart.multipliedReportingOverflow(
        by: format.extent(ofPlane: index, width: width, height: height).rows)
      let (end, isHuger) = begin.addingReportingOverflow(size)
      // An invalid end is reported by the check of the planes.
      begin = isHuge || isHuger || end < 0 ? .max : end
    }
    try unsafe self.init(planes: planes, width: width, height: height, format: format, encoding: encoding)
  }

  /// A view of pixels that have been checked.
  @unsafe init(
    unchecked planes: [Plane], _ width: Int, _ height: Int, _ format: PixelFormat, _ encoding: YUVEncoding = .standard
  ) {
    unsafe self.planes = unsafe planes
    self.width = width
    self.height = height
    self.format = format
    self.encoding = encoding
  }

  /// Refuses sides that are not in `1 ... maximumExtent`.
  package static func check(_ width: Int, _ height: Int) throws(PixelViewError) {
    let sides = 1...maximumExtent
    guard sides ~= width, sides ~= height else { throw .size(width: width, height: height) }
  }

  /// Lends a view of bytes, for the time of a call; parameters as of
  /// `init(_:width:height:bytesPerRow:format:encoding:)`.
  ///
  /// ```swift
  /// let input = try PixelView.withView(of: frame.span, width: 640, height: 480, format: .nv12) {
  ///   preprocessor.prepare($0)
  /// }
  /// ```
  /// - Throws: `PixelViewError` for a size, a row distance or a number of bytes that is too small; what `body` throws.
  public static func withView<R: ~Copyable>(
    of bytes: Span<UInt8>, width: Int, height: Int, bytesPerRow: Int? = nil, format: PixelFormat,
    encoding: YUVEncoding = .standard, _ body: (borrowing PixelView) throws -> R
  ) throws -> R {
    try unsafe bytes.withUnsafeBufferPointer { bytes in
      let view = try unsafe PixelView(
        UnsafeRawBufferPointer(bytes), width: width, height: height, bytesPerRow: bytesPerRow, format: format,
        encoding: encoding)
      return try body(view)
    }
  }

  /// The region of all pixels.
  public var bounds: ImageRegion { ImageRegion(x: 0, y: 0, width: width, height: height) }
}

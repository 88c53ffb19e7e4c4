extension Image {
  /// An image converted to RGB from pixels in any format; alpha is ignored.
  ///
  /// - Parameters:
  ///   - bytes: rows from the top; RGB without padding is not copied.
  ///   - width: pixels, 1 to `PixelView.maximumExtent`.
  ///   - height: pixels, 1 to `PixelView.maximumExtent`.
  ///   - bytesPerRow: the distance between the beginnings of two rows, as in `PixelView`; `nil` for rows without
  ///     padding.
  ///   - encoding: the conversion of `nv12` and `i420` to RGB.
  /// - Throws: `PixelViewError` for an invalid size, row distance or number of bytes. Packed RGB must have exactly
  ///   `width * height * 3` bytes; in other formats the bytes behind the last row are ignored.
  /// - Complexity: O(`width * height`), but O(1) for packed RGB.
  public init(
    _ bytes: [UInt8], width: Int, height: Int, format: PixelFormat = .rgb, bytesPerRow: Int? = nil,
    encoding: YUVEncoding = .standard
  ) throws(PixelViewError) {
    try PixelView.check(width, height)
    if format == .rgb, bytesPerRow == nil || bytesPerRow == width * 3 {
      guard bytes.count == width * height * 3 else {
        throw .bytes(plane: 0, expected: width * height * 3, found: bytes.count)
      }
      self.init(width: width, height: height, pixels: bytes)
    } else {
      self = try unsafe bytes.span.withUnsafeBufferPointer { (bytes) throws(PixelViewError) in
        let view = try unsafe PixelView(
          UnsafeRawBufferPointer(bytes), width: width, height: height, bytesPerRow: bytesPerRow, format: format,
          encoding: encoding)
        return Image(view)
      }
    }
  }

  /// The part of the image in a region, clipped to the image.
  ///
  /// - Returns: `nil` if the region is outside the image.
  /// - Complexity: O(pixels of the part).
  public func cropped(to region: ImageRegion) -> Image? {
    let columns = region.columns.clamped(to: 0..<width), rows = region.rows.clamped(to: 0..<height)
    guard !columns.isEmpty, !rows.isEmpty else { return nil }
    var part: [UInt8] = []
    part.reserveCapacity(columns.count * rows.count * 3)
    for row in rows {
      let begin = (row * width + columns.lowerBound) * 3
      part += pixels[begin..<begin + columns.count * 3]
    }
    return Image(width: columns.count, height: rows.count, pixels: part)
  }

  /// Copies all pixels of a view as RGB; alpha is ignored.
  ///
  /// A network needs no such copy: it reads a view in place.
  /// - Complexity: O(`width * height`).
  public init(_ view: borrowing PixelView) {
    let (width, height) = (view.width, view.height)
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: width * height * 3) { bytes, initialised in
      for y in 0..<height { unsafe view.copyRow(y, to: bytes.baseAddress! + y * width * 3) }
      initialised = width * height * 3
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// Lends a view of the pixels for the duration of a call, without a copy.
  ///
  /// - Throws: the error of `body`.
  public func withPixelView<R: ~Copyable, E: Error>(
    _ body: (borrowing PixelView) throws(E) -> R
  ) throws(E) -> R {
    try unsafe pixels.span.withUnsafeBufferPointer { (bytes) throws(E) -> R in
      let plane = unsafe PixelView.Plane(UnsafeRawBufferPointer(bytes), bytesPerRow: width * 3)
      return try body(unsafe PixelView(unchecked: [plane], width, height, .rgb))
    }
  }
}

extension PixelView {
  /// Writes a row as RGB, `width * 3` bytes: the reference for the kernels.
  @unsafe fileprivate borrowing func copyRow(_ y: Int, to out: UnsafeMutablePointer<UInt8>) {
    func row(_ plane: Int, _ y: Int) -> UnsafePointer<UInt8> {
      let plane = unsafe planes[plane]
      return unsafe plane.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + y * plane.bytesPerRow
    }
    let pixels = unsafe row(0, y)
    switch format {
    case .rgb: unsafe out.update(from: pixels, count: width * 3)
    case .rgba, .bgr, .bgra:
      let red = format == .rgba ? 0 : 2
      for x in 0..<width {
        let pixel = unsafe pixels + x * format.step
        unsafe out[x * 3] = unsafe pixel[red]
        unsafe out[x * 3 + 1] = unsafe pixel[1]
        unsafe out[x * 3 + 2] = unsafe pixel[2 - red]
      }
    case .gray: for i in 0..<width * 3 { unsafe out[i] = unsafe pixels[i / 3] }
    case .nv12, .i420:
      let isPair = format == .nv12
      let cb = unsafe row(1, y / 2)
      let cr = unsafe isPair ? cb + 1 : row(2, y / 2)
      let weights = YUVWeights(encoding)
      for x in 0..<width {
        let at = isPair ? x / 2 * 2 : x / 2
        let colour = unsafe weights.colour(luma: pixels[x], cb: cb[at], cr: cr[at])
        unsafe out[x * 3] = colour.red
        unsafe out[x * 3 + 1] = colour.green
        unsafe out[x * 3 + 2] = colour.blue
      }
    }
  }
}

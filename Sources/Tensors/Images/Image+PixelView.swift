extension Image {
  /// Creates a picture from bytes whose number may be wrong.
  ///
  /// - Parameter bytes: `width * height * 3`: R, G, B of each pixel, row by row from the top; they are not copied.
  /// - Throws: `PixelViewError` for a side that is not in `1 ... PixelView.maximumExtent`, or another number of bytes.
  public init(width: Int, height: Int, bytes: [UInt8]) throws(PixelViewError) {
    try PixelView.check(width, height)
    guard bytes.count == width * height * 3 else {
      throw .bytes(plane: 0, expected: width * height * 3, found: bytes.count)
    }
    self.init(width: width, height: height, pixels: bytes)
  }

  /// Copies the pixels of a view, all of them, as RGB; alpha is ignored.
  ///
  /// A network needs no such copy: it reads a view where it lies.
  /// - Complexity: O(`width * height`).
  public init(_ view: borrowing PixelView) {
    let (width, height) = (view.width, view.height)
    let pixels = unsafe [UInt8](unsafeUninitializedCapacity: width * height * 3) { bytes, initialised in
      for y in 0..<height { unsafe view.copyRow(y, to: bytes.baseAddress! + y * width * 3) }
      initialised = width * height * 3
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// Lends a view of the pixels, for the time of a call; nothing is copied.
  ///
  /// - Throws: what `body` throws.
  public func withPixelView<R: ~Copyable, E: Error>(
    _ body: (borrowing PixelView) throws(E) -> R
  ) throws(E) -> R {
    // Anybody may replace the pixels.
    precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for a picture of \(width)x\(height)")
    return try unsafe pixels.span.withUnsafeBufferPointer { (bytes) throws(E) -> R in
      let plane = unsafe PixelView.Plane(UnsafeRawBufferPointer(bytes), bytesPerRow: width * 3)
      return try body(unsafe PixelView(unchecked: [plane], width, height, .rgb))
    }
  }
}

extension PixelView {
  /// Writes a row as RGB, `width * 3` bytes: the plain form that kernels are held to.
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

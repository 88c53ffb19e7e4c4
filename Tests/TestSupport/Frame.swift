import ImageTypes

/// A camera's frame of any format with its pixels by plain arithmetic, the reference for views.
public struct Frame {
  public let width, height: Int
  public let format: PixelFormat
  public let encoding: YUVEncoding
  /// Separate planes, with that many bytes of padding behind each row but the last.
  public let planes: [[UInt8]]
  public let distances: [Int]

  /// - Parameters:
  ///   - padding: the bytes behind the rows of the first plane; the others have one more each.
  ///   - sample: the byte of a plane at a position; `nil` for noise.
  public init(
    _ format: PixelFormat, width: Int, height: Int, encoding: YUVEncoding = .standard, padding: Int,
    sample: ((_ plane: Int, _ x: Int, _ y: Int) -> UInt8)? = nil
  ) {
    self.width = width
    self.height = height
    self.format = format
    self.encoding = encoding
    var random = SplitMix64(seed: UInt64(width * 1000 + height))
    var planes: [[UInt8]] = []
    var distances: [Int] = []
    for plane in 0..<format.planes {
      let (rowBytes, rows) = Frame.extent(format, plane, width, height)
      let distance = rowBytes + padding + (padding > 0 ? plane : 0)
      var bytes: [UInt8] = []
      for y in 0..<rows {
        for x in 0..<(y + 1 < rows ? distance : rowBytes) {
          let noise = UInt8(truncatingIfNeeded: random.next())
          bytes.append(x < rowBytes ? sample?(plane, x, y) ?? noise : noise)
        }
      }
      planes.append(bytes)
      distances.append(distance)
    }
    self.planes = planes
    self.distances = distances
  }

  private static func extent(_ format: PixelFormat, _ plane: Int, _ width: Int, _ height: Int) -> (Int, Int) {
    let half = ((width + 1) / 2, (height + 1) / 2)
    switch (format, plane) {
    case (.rgb, _), (.bgr, _): return (width * 3, height)
    case (.rgba, _), (.bgra, _): return (width * 4, height)
    case (.nv12, 1): return (half.0 * 2, half.1)
    case (.i420, 1...): return half
    default: return (width, height)
    }
  }

  /// Lends a view of the planes.
  public func withView<R: ~Copyable>(_ body: (borrowing PixelView) throws -> R) throws -> R {
    func lend(_ views: [PixelView.Plane]) throws -> R {
      let next = unsafe views.count
      if next == planes.count {
        return try body(
          unsafe PixelView(planes: views, width: width, height: height, format: format, encoding: encoding))
      }
      let bytes = planes[next]
      return try unsafe bytes.span.withUnsafeBufferPointer {
        try unsafe lend(views + [PixelView.Plane(UnsafeRawBufferPointer($0), bytesPerRow: distances[next])])
      }
    }
    return try unsafe lend([])
  }

  /// Red, green and blue of each pixel, 0 to 255, before rounding.
  public var exact: [Double] {
    var values: [Double] = []
    for y in 0..<height {
      for x in 0..<width { values += colour(x, y) }
    }
    return values
  }

  /// The rounded pixels as an image.
  public var image: Image { Image(width: width, height: height, pixels: exact.map { UInt8($0.rounded()) }) }

  private func colour(_ x: Int, _ y: Int) -> [Double] {
    func at(_ plane: Int, _ x: Int, _ y: Int) -> Double { Double(planes[plane][y * distances[plane] + x]) }
    switch format {
    case .rgb: return [at(0, x * 3, y), at(0, x * 3 + 1, y), at(0, x * 3 + 2, y)]
    case .bgr: return [at(0, x * 3 + 2, y), at(0, x * 3 + 1, y), at(0, x * 3, y)]
    case .rgba: return [at(0, x * 4, y), at(0, x * 4 + 1, y), at(0, x * 4 + 2, y)]
    case .bgra: return [at(0, x * 4 + 2, y), at(0, x * 4 + 1, y), at(0, x * 4, y)]
    case .gray: return [at(0, x, y), at(0, x, y), at(0, x, y)]
    case .nv12: return colour(at(0, x, y), at(1, x / 2 * 2, y / 2), at(1, x / 2 * 2 + 1, y / 2))
    case .i420: return colour(at(0, x, y), at(1, x / 2, y / 2), at(2, x / 2, y / 2))
    }
  }

  /// The inverse of `Y = Kr R + Kg G + Kb B`, `Cb = (B - Y) / (2 - 2 Kb)`; ITU-R BT.601-7 and BT.709-6, sections 2.5
  /// and 3.
  private func colour(_ luma: Double, _ cb: Double, _ cr: Double) -> [Double] {
    let (kr, kb) = encoding.matrix == .bt601 ? (0.299, 0.114) : (0.2126, 0.0722)
    let isFull = encoding.levels == .full
    let y = isFull ? luma / 255 : (luma - 16) / 219
    let (b, r) = ((cb - 128) / (isFull ? 255 : 224), (cr - 128) / (isFull ? 255 : 224))
    let (red, blue) = (y + r * (2 - 2 * kr), y + b * (2 - 2 * kb))
    let green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return [red, green, blue].map { min(max($0 * 255, 0), 255) }
  }
}

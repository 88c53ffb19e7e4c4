/// The layout of pixels in memory; every sample has 8 bits.
public enum PixelFormat: String, Hashable, Sendable, CaseIterable {
  /// 3 bytes a pixel: red, green, blue.
  case rgb
  /// 3 bytes a pixel: blue, green, red, as in OpenCV.
  case bgr
  /// 4 bytes a pixel: red, green, blue and alpha; alpha is ignored.
  case rgba
  /// 4 bytes a pixel: blue, green, red and alpha; alpha is ignored.
  case bgra
  /// 1 byte a pixel: gray, 0 for black and 255 for white.
  case gray
  /// Two planes, Y'CbCr 4:2:0: luma of each pixel, and alternating Cb and Cr for each block of 2x2 pixels.
  ///
  /// A `YUVEncoding` defines the conversion to RGB. All pixels of a block have the block's chroma, without
  /// interpolation.
  case nv12
  /// Three planes, Y'CbCr 4:2:0: luma of each pixel, then Cb, then Cr for each block of 2x2 pixels; otherwise as
  /// `nv12`.
  ///
  /// Also called YU12 and `yuv420p`.
  case i420

  /// The number of planes: 1, but 2 of `nv12` and 3 of `i420`.
  public var planes: Int {
    switch self {
    case .rgb, .bgr, .rgba, .bgra, .gray: 1
    case .nv12: 2
    case .i420: 3
    }
  }

  /// The distance in bytes between neighbouring pixels of a row, in the first plane.
  package var step: Int {
    switch self {
    case .rgb, .bgr: 3
    case .rgba, .bgra: 4
    case .gray, .nv12, .i420: 1
    }
  }

  /// The bytes per row and the rows of a plane, without padding; chroma planes have a sample for an odd last column or
  /// row too.
  ///
  /// - Parameters:
  ///   - plane: in `0 ..< planes`.
  ///   - width: pixels, 1 to `PixelView.maximumExtent`; `height` likewise.
  package func extent(ofPlane plane: Int, width: Int, height: Int) -> (bytes: Int, rows: Int) {
    if plane == 0 { return (width * step, height) }
    return ((width + 1) / 2 * (self == .nv12 ? 2 : 1), (height + 1) / 2)
  }
}

/// The conversion of luma and chroma (Y'CbCr, often called YUV) to RGB.
///
/// With the matrix' shares `Kr`, `Kg`, `Kb` of the primaries in luma, and `Y`, `Cb`, `Cr` brought to 0...1 and
/// -0.5...0.5: `R = Y + 2 (1 - Kr) Cr`, `B = Y + 2 (1 - Kb) Cb`, `G = (Y - Kr R - Kb B) / Kg`, rounded to nearest,
/// clipped to 0...255.
public struct YUVEncoding: Hashable, Sendable {
  /// The weights of the primaries in luma.
  public enum Matrix: String, Hashable, Sendable, CaseIterable {
    /// `Kr` = 0.299, `Kb` = 0.114: most webcams and all JPEGs.
    case bt601
    /// `Kr` = 0.2126, `Kb` = 0.0722: most high-definition video.
    case bt709
  }

  /// The range of the samples between black and white.
  public enum Levels: String, Hashable, Sendable, CaseIterable {
    /// Luma 16...235 and chroma 16...240, also called video range.
    case limited
    /// Luma and chroma 0...255, as in JPEG.
    case full
  }

  /// The matrix between luma, chroma and RGB.
  public let matrix: Matrix
  /// The range of luma and chroma.
  public let levels: Levels

  /// Creates an encoding, by default BT.601 with limited range.
  public init(_ matrix: Matrix = .bt601, _ levels: Levels = .limited) {
    self.matrix = matrix
    self.levels = levels
  }

  /// BT.601 with limited range, the default.
  public static let standard = YUVEncoding()
}

/// A `YUVEncoding` in integers, with the same bits on every machine; each factor is multiplied by 65536.
package struct YUVWeights: Hashable, Sendable {
  /// The luma of black, not a factor.
  package let black: Int32
  /// The factor of the luma above black, in each of red, green and blue.
  package let luma: Int32
  /// The factors of the chroma above 128.
  package let redCr, greenCb, greenCr, blueCb: Int32

  package init(_ encoding: YUVEncoding) {
    let (kr, kb) = encoding.matrix == .bt601 ? (0.299, 0.114) : (0.2126, 0.0722)
    let kg = 1 - kr - kb
    let isFull = encoding.levels == .full
    let chroma = isFull ? 1.0 : 255 / 224
    func fixed(_ factor: Double) -> Int32 { Int32((factor * 65536).rounded()) }
    black = isFull ? 0 : 16
    luma = fixed(isFull ? 1 : 255 / 219)
    redCr = fixed(2 * (1 - kr) * chroma)
    blueCb = fixed(2 * (1 - kb) * chroma)
    greenCb = fixed(-2 * (1 - kb) * kb / kg * chroma)
    greenCr = fixed(-2 * (1 - kr) * kr / kg * chroma)
  }

  /// The colour of a pixel.
  func colour(luma y: UInt8, cb: UInt8, cr: UInt8) -> (red: UInt8, green: UInt8, blue: UInt8) {
    // At most 2^26, so nothing overflows.
    let (cb, cr) = (Int32(cb) - 128, Int32(cr) - 128)
    let base = (Int32(y) - black) * luma + 1 << 15
    func byte(_ sum: Int32) -> UInt8 { UInt8(min(max(sum >> 16, 0), 255)) }
    return (byte(base + cr * redCr), byte(base + cb * greenCb + cr * greenCr), byte(base + cb * blueCb))
  }
}

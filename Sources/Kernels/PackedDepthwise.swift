import CKernels
import Tensors

/// A 3x3 depthwise convolution with bias and clamp, its weights packed for one instruction set.
@safe package final class PackedDepthwise: @unchecked Sendable {
  package let channels: Int
  private let activation: Activation
  private let kernels: KernelSet
  private let packed: AlignedFloats

  /// - Parameters:
  ///   - weights: `[3, 3, channels]`.
  ///   - bias: `[channels]`.
  package init(_ kernels: KernelSet, channels: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation) {
    precondition(weights.count == 9 * channels && bias.count == channels, "weights of another shape")
    self.channels = channels
    self.activation = activation
    self.kernels = kernels
    packed = AlignedFloats(count: unsafe ck_packed_dwconv_size(kernels.table, channels))
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe ck_pack_dwconv(kernels.table, weights.baseAddress!, bias.baseAddress!, channels, packed.base)
      }
    }
  }

  /// Computes one output row of some channels.
  ///
  /// - Parameters:
  ///   - rows: three input rows `[width, channels]`, `nil` for a row of zeros; they begin at the first channel of `range`.
  ///   - to: the output row, from the first channel of `range`.
  ///   - range: channels, beginning at a multiple of the vector; all of them by default.
  @unsafe package func run(
    _ geometry: Geometry, rows: (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?), inStride: Int,
    to: UnsafeMutablePointer<Float>, outStride: Int, channels range: Range<Int>? = nil
  ) {
    let range = range ?? 0..<channels
    let (low, high) = activation.bounds
    var d = unsafe ck_dwconv(
      rows: rows, in_stride: inStride, w: UnsafePointer(packed.base + range.lowerBound * 10), out: to,
      out_stride: outStride, channels: range.count, in_width: geometry.width, out_width: geometry.outWidth,
      stride: geometry.stride, dilation: geometry.dilation, pad: geometry.padLeft, low: low, high: high)
    unsafe kernels.table.pointee.f32_dwconv3x3_clamp(&d)
  }

  /// Computes some channels of a whole map `[height, width, channels]`.
  @unsafe package func runRows(
    _ geometry: Geometry, outRows: Range<Int>, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>,
    channels range: Range<Int>? = nil
  ) {
    let first = range?.lowerBound ?? 0
    for y in outRows {
      let rows = geometry.inputRows(of: y)
      func row(_ index: Int?) -> UnsafePointer<Float>? {
        unsafe index.map { unsafe from + $0 * geometry.width * channels + first }
      }
      unsafe run(
        geometry, rows: (row(rows.0), row(rows.1), row(rows.2)), inStride: channels,
        to: to + y * geometry.outWidth * channels + first, outStride: channels, channels: range)
    }
  }
}

/// The places of a 3x3 convolution on one map.
public struct Geometry: Hashable, Sendable {
  public let height, width, stride, dilation: Int
  public let outHeight, outWidth, padTop, padLeft: Int

  /// - Parameters:
  ///   - height: rows of the input, at least 1.
  ///   - width: columns of the input, at least 1.
  public init(height: Int, width: Int, stride: Int, dilation: Int, padding: Padding) {
    self.height = height
    self.width = width
    self.stride = stride
    self.dilation = dilation
    (outHeight, padTop) = padding.resolve(extent: height, stride: stride, dilation: dilation)
    (outWidth, padLeft) = padding.resolve(extent: width, stride: stride, dilation: dilation)
  }

  /// The three input rows under an output row, `nil` where there is only padding.
  package func inputRows(of y: Int) -> (Int?, Int?, Int?) {
    func row(_ tap: Int) -> Int? {
      let at = y * stride - padTop + tap * dilation
      return at >= 0 && at < height ? at : nil
    }
    return (row(0), row(1), row(2))
  }
}

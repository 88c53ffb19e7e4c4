import Tensors

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

  /// The input rows that exist under some output rows.
  package func inputRows(of rows: Range<Int>) -> Range<Int> {
    let first = min(max(rows.lowerBound * stride - padTop, 0), height)
    let end = (rows.upperBound - 1) * stride - padTop + 2 * dilation + 1
    return first..<max(min(end, height), first)
  }

  /// Columns of an input row with all the zeros that its outputs reach.
  package var paddedWidth: Int { max((outWidth - 1) * stride + 2 * dilation + 1, padLeft + width) }
}

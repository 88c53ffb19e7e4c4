/// The window positions of a convolution or a pooling on one map.
package struct Geometry: Hashable, Sendable {
  package let height, width, stride, dilation: Int
  package let kernelHeight, kernelWidth: Int
  package let outHeight, outWidth, padTop, padLeft: Int

  /// - Parameters:
  ///   - height: rows of the input, at least 1.
  ///   - width: columns of the input, at least 1.
  ///   - kernelHeight: rows of the window, odd.
  ///   - kernelWidth: columns of the window, odd.
  package init(
    height: Int, width: Int, stride: Int, dilation: Int, padding: Padding, kernelHeight: Int = 3, kernelWidth: Int = 3
  ) {
    self.height = height
    self.width = width
    self.stride = stride
    self.dilation = dilation
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    (outHeight, padTop) = padding.resolve(extent: height, stride: stride, dilation: dilation, kernel: kernelHeight)
    (outWidth, padLeft) = padding.resolve(extent: width, stride: stride, dilation: dilation, kernel: kernelWidth)
  }

  /// The distance in pixels between the window's first and last row, and likewise for columns.
  package var reachDown: Int { (kernelHeight - 1) * dilation }
  package var reachAcross: Int { (kernelWidth - 1) * dilation }

  /// The input rows, without padding, that some output rows read.
  package func inputRows(of rows: Range<Int>) -> Range<Int> {
    let first = min(max(rows.lowerBound * stride - padTop, 0), height)
    let end = (rows.upperBound - 1) * stride - padTop + reachDown + 1
    return first..<max(min(end, height), first)
  }

  /// The columns of an input row with all zeros that its outputs read.
  package var paddedWidth: Int { max((outWidth - 1) * stride + reachAcross + 1, padLeft + width) }

  /// The output rows whose tap in kernel row `tap` lies inside the map.
  package func reachedRows(_ tap: Int) -> Range<Int> { reached(tap, extent: height, output: outHeight, before: padTop) }

  /// The output columns whose tap in kernel column `tap` lies inside the map.
  package func reachedColumns(_ tap: Int) -> Range<Int> {
    reached(tap, extent: width, output: outWidth, before: padLeft)
  }

  /// The number of taps inside the map, over all output pixels.
  package var reachedTaps: Int {
    (0..<kernelHeight).reduce(0) { $0 + reachedRows($1).count }
      * (0..<kernelWidth).reduce(0) { $0 + reachedColumns($1).count }
  }

  private func reached(_ tap: Int, extent: Int, output: Int, before: Int) -> Range<Int> {
    // Output i reads input i * stride - shift.
    let shift = before - tap * dilation
    let first = min(max((shift + stride - 1) / stride, 0), output)
    let last = extent - 1 + shift
    return first..<max(first, last < 0 ? 0 : min(last / stride + 1, output))
  }
}

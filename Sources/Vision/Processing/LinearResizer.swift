import Tensors

/// Bilinear resizing of the visible part of a picture, fused with normalisation.
struct LinearResizer {
  private let mapping: ImageMapping
  let columns: LinearTaps
  let rows: LinearTaps

  init(_ mapping: ImageMapping) {
    self.mapping = mapping
    columns = LinearTaps(coordinates: mapping.horizontal.coordinates(mapping.grid), extent: mapping.horizontal.image)
    rows = LinearTaps(coordinates: mapping.vertical.coordinates(mapping.grid), extent: mapping.vertical.image)
  }

  /// Writes the visible pixels of the input.
  ///
  /// - Parameters:
  ///   - pixels: the picture, `[height, width, 3]`.
  ///   - output: the whole input, `[height, width, 3]`.
  ///   - scale: the factors of R, G, B.
  ///   - shift: the numbers subtracted afterwards.
  func run(_ pixels: Span<UInt8>, into output: inout MutableSpan<Float>, scale: [Float], shift: [Float]) {
    // Two rows of the picture, resized along the row; most output rows reuse one of the last two.
    var upper = ResizedRow(columns.count)
    var lower = ResizedRow(columns.count)
    for (place, y) in mapping.vertical.visible.enumerated() {
      let (first, second) = (rows.lower[place], rows.upper[place])
      if upper.source != first {
        swap(&upper, &lower)
        if upper.source != first { upper.load(first, of: pixels, mapping.horizontal.image, columns) }
      }
      if lower.source != second { lower.load(second, of: pixels, mapping.horizontal.image, columns) }
      let start = (y * mapping.horizontal.input + mapping.horizontal.visible.lowerBound) * 3
      blendRow(
        upper.values.span, lower.values.span, rows.fraction[place], into: &output, at: start, scale: scale, shift: shift
      )
    }
  }
}

/// One row of the picture, resized along the row but not normalised yet.
private struct ResizedRow {
  /// The picture's row, or -1 before the first.
  var source = -1
  var values: [Float]

  init(_ columns: Int) { values = [Float](repeating: 0, count: columns * 3) }

  mutating func load(_ row: Int, of pixels: Span<UInt8>, _ width: Int, _ columns: LinearTaps) {
    source = row
    var span = values.mutableSpan
    resizeRow(pixels.extracting(row * width * 3..<(row + 1) * width * 3), columns, into: &span)
  }
}

/// Resizes one row of RGB bytes: the inner loop of the SIMD kernel's reference.
private func resizeRow(_ pixels: Span<UInt8>, _ columns: LinearTaps, into row: inout MutableSpan<Float>) {
  let lower = columns.lower.span
  let upper = columns.upper.span
  let fraction = columns.fraction.span
  for x in 0..<lower.count {
    let (left, right, share) = (lower[x] * 3, upper[x] * 3, fraction[x])
    for channel in 0..<3 {
      let value = Float(pixels[left + channel])
      row[x * 3 + channel] = value + (Float(pixels[right + channel]) - value) * share
    }
  }
}

/// Interpolates between two resized rows and normalises; the other inner loop.
private func blendRow(
  _ top: Span<Float>, _ bottom: Span<Float>, _ share: Float, into output: inout MutableSpan<Float>, at start: Int,
  scale: [Float], shift: [Float]
) {
  let (red, green, blue) = (scale[0], scale[1], scale[2])
  let (redShift, greenShift, blueShift) = (shift[0], shift[1], shift[2])
  for i in stride(from: 0, to: top.count, by: 3) {
    output[start + i] = (top[i] + (bottom[i] - top[i]) * share) * red - redShift
    output[start + i + 1] = (top[i + 1] + (bottom[i + 1] - top[i + 1]) * share) * green - greenShift
    output[start + i + 2] = (top[i + 2] + (bottom[i + 2] - top[i + 2]) * share) * blue - blueShift
  }
}

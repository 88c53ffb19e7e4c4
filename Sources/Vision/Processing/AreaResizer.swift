import Tensors

extension TriangleTaps {
  init(_ axis: ImageMapping.Axis, _ grid: SamplingGrid) {
    self.init(
      coordinates: axis.coordinates(grid), extent: axis.image, scale: Double(axis.image) / Double(axis.content))
  }
}

/// Area resizing, the mean over all pixels that an output pixel covers, as in Pillow, fused with normalisation.
///
/// Each row of the picture is resized along the row once and added to the output rows over it, so that no intermediate
/// picture exists.
struct AreaResizer {
  private let mapping: ImageMapping
  let columns: TriangleTaps
  let rows: TriangleTaps

  init(_ mapping: ImageMapping) {
    self.mapping = mapping
    columns = TriangleTaps(mapping.horizontal, mapping.grid)
    rows = TriangleTaps(mapping.vertical, mapping.grid)
  }

  /// Writes the visible pixels of the input; parameters as in `LinearResizer.run`.
  func run(_ pixels: Span<UInt8>, into output: inout MutableSpan<Float>, scale: [Float], shift: [Float]) {
    let visible = (columns: mapping.horizontal.visible, rows: mapping.vertical.visible)
    let width = mapping.horizontal.image
    let count = visible.columns.count * 3
    var row = [Float](repeating: 0, count: count)
    var firstOpen = 0
    for source in rows.run(0).lowerBound..<rows.run(visible.rows.count - 1).upperBound {
      // The runs begin and end in ascending order, so the runs over this row are neighbours.
      while rows.run(firstOpen).upperBound <= source { firstOpen += 1 }
      var rowSpan = row.mutableSpan
      averageRow(pixels.extracting(source * width * 3..<(source + 1) * width * 3), columns, into: &rowSpan)
      var place = firstOpen
      while place < visible.rows.count, rows.run(place).contains(source) {
        let run = rows.run(place)
        let weight = rows.weights[rows.offset[place] + source - run.lowerBound]
        let start = ((visible.rows.lowerBound + place) * mapping.horizontal.input + visible.columns.lowerBound) * 3
        let isFirst = source == run.lowerBound
        for i in 0..<count { output[start + i] = (isFirst ? 0 : output[start + i]) + row[i] * weight }
        if source == run.upperBound - 1 { normalise(&output, start..<start + count, scale, shift) }
        place += 1
      }
    }
  }

  private func normalise(
    _ output: inout MutableSpan<Float>, _ range: Range<Int>, _ scale: [Float], _ shift: [Float]
  ) {
    for i in stride(from: range.lowerBound, to: range.upperBound, by: 3) {
      for channel in 0..<3 { output[i + channel] = output[i + channel] * scale[channel] - shift[channel] }
    }
  }
}

/// Averages one row of RGB bytes along the row: the inner loop.
private func averageRow(_ pixels: Span<UInt8>, _ columns: TriangleTaps, into row: inout MutableSpan<Float>) {
  let offset = columns.offset.span
  let weights = columns.weights.span
  for x in 0..<columns.start.count {
    var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
    var pixel = columns.start[x] * 3
    for i in offset[x]..<offset[x + 1] {
      red += Float(pixels[pixel]) * weights[i]
      green += Float(pixels[pixel + 1]) * weights[i]
      blue += Float(pixels[pixel + 2]) * weights[i]
      pixel += 3
    }
    (row[x * 3], row[x * 3 + 1], row[x * 3 + 2]) = (red, green, blue)
  }
}

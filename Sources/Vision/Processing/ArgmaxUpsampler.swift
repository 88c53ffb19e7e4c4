import ImageTypes
import Tensors

/// Bilinear upsampling of class logits with argmax, row by row.
///
/// The upsampled logits never exist whole.
///
/// Along a row, two neighbouring columns of the logits that have the same best class have it everywhere in between,
/// since a straight line cannot overtake another one that is above it at both ends. So only the cells with a border
/// between classes are interpolated class by class, and the cost follows the length of the borders, not the area.
package struct ArgmaxUpsampler: Sendable {
  /// The interpolation of each mask row from the logits.
  package let rows: LinearTaps
  /// The interpolation of each mask column from the logits.
  package let columns: LinearTaps
  /// Channels of the logits, in 1...256.
  package let classes: Int

  /// Prepares for masks of `columns.count` by `rows.count` from logits `[rows.extent, columns.extent, classes]`.
  package init(rows: LinearTaps, columns: LinearTaps, classes: Int) {
    precondition(1...256 ~= classes, "\(classes) classes do not fit in a byte")
    self.rows = rows
    self.columns = columns
    self.classes = classes
  }

  /// Prepares for the whole logits, upsampled from `[height, width, classes]` to a mask's size.
  package init(
    _ grid: SamplingGrid, height: Int, width: Int, classes: Int, outputHeight: Int, outputWidth: Int
  ) {
    self.init(
      rows: LinearTaps(grid, input: height, output: outputHeight),
      columns: LinearTaps(grid, input: width, output: outputWidth), classes: classes)
  }

  /// The best class of each pixel; equal logits go to the lowest class, and a logit that is not a number never wins.
  ///
  /// - Parameter logits: `[rows.extent, columns.extent, classes]`.
  package func labels(_ logits: Span<Float>) -> Mask {
    var ids = [UInt8](repeating: 0, count: rows.count * columns.count)
    var span = ids.mutableSpan
    label(0..<rows.count, of: logits, into: &span)
    return Mask(width: columns.count, height: rows.count, ids: ids)
  }

  /// The best class of each pixel in a range of the mask's rows, so that threads can share a mask.
  ///
  /// - Parameters:
  ///   - range: rows of the mask.
  ///   - logits: `[rows.extent, columns.extent, classes]`.
  ///   - ids: `range.count * columns.count` class ids, written.
  package func label(_ range: Range<Int>, of logits: Span<Float>, into ids: inout MutableSpan<UInt8>) {
    precondition(logits.count == rows.extent * columns.extent * classes, "\(logits.count) logits")
    precondition(ids.count == range.count * columns.count, "\(ids.count) ids for \(range.count) rows")
    var row = [Float](repeating: 0, count: columns.extent * classes)
    var best = [UInt8](repeating: 0, count: columns.extent)
    for (place, y) in range.enumerated() {
      var rowSpan = row.mutableSpan
      blendRows(logits, y, into: &rowSpan)
      var bestSpan = best.mutableSpan
      for x in 0..<columns.extent { bestSpan[x] = argmax(rowSpan.span, at: x * classes) }
      labelRow(row.span, best.span, into: &ids, at: place * columns.count)
    }
  }

  /// Interpolates between two rows of the logits: the values of one mask row at the logits' own columns.
  private func blendRows(_ logits: Span<Float>, _ y: Int, into row: inout MutableSpan<Float>) {
    let stride = columns.extent * classes
    let fraction = rows.fraction[y]
    let top = logits.extracting(rows.lower[y] * stride..<(rows.lower[y] + 1) * stride)
    if fraction == 0 {
      // This is also the only way that keeps an infinite logit infinite.
      for i in 0..<stride { row[i] = top[i] }
      return
    }
    let bottom = logits.extracting(rows.upper[y] * stride..<(rows.upper[y] + 1) * stride)
    for i in 0..<stride { row[i] = top[i] + (bottom[i] - top[i]) * fraction }
  }

  /// The class ids of one mask row.
  private func labelRow(_ row: Span<Float>, _ best: Span<UInt8>, into ids: inout MutableSpan<UInt8>, at start: Int) {
    for x in 0..<columns.count {
      let left = columns.lower[x]
      let right = columns.upper[x]
      let fraction = columns.fraction[x]
      if fraction == 0 || best[left] == best[right] {
        ids[start + x] = best[left]
        continue
      }
      var winner = 0
      var highest = -Float.infinity
      for k in 0..<classes {
        let value = row[left * classes + k]
        let between = value + (row[right * classes + k] - value) * fraction
        if between > highest { (winner, highest) = (k, between) }
      }
      ids[start + x] = UInt8(winner)
    }
  }

  private func argmax(_ values: Span<Float>, at start: Int) -> UInt8 {
    var winner = 0
    var highest = -Float.infinity
    for k in 0..<classes where values[start + k] > highest { (winner, highest) = (k, values[start + k]) }
    return UInt8(winner)
  }
}

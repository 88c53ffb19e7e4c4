import Backbone
import ImageTypes

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Segmenter {
  /// Class probabilities in each cell of a grid over the picture.
  ///
  /// A cell's are the mean softmax of the upsampled logits over up to four by four pixels, spread evenly over the cell.
  ///
  /// The network runs once, on the whole picture. A model's box gate is not applied.
  /// - Parameters:
  ///   - height: rows of the grid, at least 1.
  ///   - width: columns of the grid, at least 1.
  /// - Returns: `[height, width, classes]`, adding up to 1 in each cell.
  /// - Throws: `VisionError` when the card's input is too small for the network.
  /// - Complexity: the network's, and O(16 · height · width · classes).
  public func probabilities(of image: Image, height: Int, width: Int) throws(VisionError) -> [Float] {
    precondition(height > 0 && width > 0, "a grid of \(width)x\(height)")
    let (logits, mapping) = try image.withPixelView { (view) throws(VisionError) in
      try masks.pipeline.map(view, image.bounds, ended: { _ in })
    }
    let upsampler = masks.upsampler(logits, mapping)
    let classes = upsampler.classes
    let rows = Segmenter.samples(of: image.height, cells: height)
    let columns = Segmenter.samples(of: image.width, cells: width)
    let values = logits.tensor.values()
    let stride = upsampler.columns.extent * classes
    var grid = [Float](repeating: 0, count: height * width * classes)
    var row = [Float](repeating: 0, count: stride)
    var pixel = [Float](repeating: 0, count: classes)
    for (y, cellRow) in rows {
      let (top, bottom) = (upsampler.rows.lower[y] * stride, upsampler.rows.upper[y] * stride)
      let down = upsampler.rows.fraction[y]
      for i in 0..<stride { row[i] = values[top + i] + (values[bottom + i] - values[top + i]) * down }
      for (x, cellColumn) in columns {
        let (left, right) = (upsampler.columns.lower[x] * classes, upsampler.columns.upper[x] * classes)
        let across = upsampler.columns.fraction[x]
        var largest = -Float.infinity
        for k in 0..<classes {
          pixel[k] = row[left + k] + (row[right + k] - row[left + k]) * across
          largest = max(largest, pixel[k])
        }
        var sum: Float = 0
        for k in 0..<classes {
          pixel[k] = exp(pixel[k] - largest)
          sum += pixel[k]
        }
        let cell = (cellRow * width + cellColumn) * classes
        for k in 0..<classes { grid[cell + k] += pixel[k] / sum }
      }
    }
    let counts = (rows.count / height) * (columns.count / width)
    return grid.map { $0 / Float(counts) }
  }

  /// The sampled pixels along an axis with their cells, the same number for each cell.
  private static func samples(of extent: Int, cells: Int) -> [(pixel: Int, cell: Int)] {
    let each = min(max(extent / cells, 1), 4)
    return (0..<cells * each).map { index in
      (min((2 * index + 1) * extent / (2 * cells * each), extent - 1), index / each)
    }
  }
}

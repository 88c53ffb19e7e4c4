import ImageTypes

/// The pixels of a mask along the borders between classes: 1 on a border, 0 elsewhere.
///
/// Rows are combined as a whole, all of the same length and without a branch, so that the compiler vectorises the
/// loops.
package struct Border {
  let width, height: Int
  package let pixels: [UInt8]

  private init(width: Int, height: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The pixels with a neighbour of another class above, below or beside them.
  package init(of map: Mask) {
    let width = map.width
    let ids = map.ids.span
    // The rows outside the mask repeat its border rows.
    func row(_ y: Int) -> Range<Int> {
      let inside = min(max(y, 0), map.height - 1)
      return inside * width..<(inside + 1) * width
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(ids.count)
    var line = [UInt8](repeating: 0, count: width)
    for y in 0..<map.height {
      let here = ids.extracting(row(y)), above = ids.extracting(row(y - 1)), below = ids.extracting(row(y + 1))
      let padded = [here[0]] + map.ids[row(y)] + [here[width - 1]]
      var out = line.mutableSpan
      let left = padded.span.extracting(..<width), right = padded.span.extracting(2...)
      precondition(out.count == width && right.count == width)
      for x in 0..<width {
        let differs = (here[x] ^ left[x]) | (here[x] ^ right[x]) | (here[x] ^ above[x]) | (here[x] ^ below[x])
        out[x] = differs == 0 ? 0 : 1
      }
      pixels += line
    }
    self.init(width: width, height: map.height, pixels: pixels)
  }

  /// The border widened by `radius - 1` pixels: all pixels within that many columns and rows of a marked one.
  ///
  /// - Complexity: O(pixels · radius).
  package func widened(to radius: Int) -> Border {
    let reach = radius - 1
    let margin = [UInt8](repeating: 0, count: reach)
    var along: [UInt8] = []
    along.reserveCapacity(pixels.count)
    for y in 0..<height {
      let padded = margin + pixels[y * width..<(y + 1) * width] + margin
      along += united((0...2 * reach).map { $0..<$0 + width }, of: padded)
    }
    var wide: [UInt8] = []
    wide.reserveCapacity(pixels.count)
    for y in 0..<height {
      let rows = max(y - reach, 0)...min(y + reach, height - 1)
      wide += united(rows.map { $0 * width..<($0 + 1) * width }, of: along)
    }
    return Border(width: width, height: height, pixels: wide)
  }

  /// The union of several rows.
  private func united(_ rows: [Range<Int>], of marks: [UInt8]) -> [UInt8] {
    var line = [UInt8](repeating: 0, count: width)
    var out = line.mutableSpan
    for row in rows {
      let other = marks.span.extracting(row)
      precondition(other.count == width && out.count == width)
      for x in 0..<width { out[x] |= other[x] }
    }
    return line
  }
}

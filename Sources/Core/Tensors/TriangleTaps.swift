/// The taps of averaging along one axis: for each output pixel a run of input pixels and their weights, whose sum is 1.
package struct TriangleTaps: Hashable, Sendable {
  /// Pixels of the input along the axis.
  package let extent: Int
  /// The first input pixel of each run.
  package let start: [Int]
  /// The index of each run's first weight; one more entry than there are runs.
  package let offset: [Int]
  package let weights: [Float]

  /// Output pixels along the axis.
  package var count: Int { start.count }

  /// A triangle filter as wide as two input pixels, or two output pixels if these are larger.
  ///
  /// Source: Pillow, `Resample.c`, `precompute_coeffs` with the bilinear filter, here in floating point throughout.
  package init(coordinates: [Float], extent: Int, scale: Double) {
    let reach = max(scale, 1)
    var start = [Int]()
    var offset = [0]
    var weights = [Float]()
    for coordinate in coordinates {
      let centre = min(max(Double(coordinate), 0), Double(extent - 1)) + 0.5
      let first = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), extent)
      let run = (first..<end).map { max(1 - abs((Double($0) + 0.5 - centre) / reach), 0) }
      let sum = run.reduce(0, +)
      start.append(first)
      weights += run.map { Float($0 / sum) }
      offset.append(weights.count)
    }
    self.extent = extent
    self.start = start
    self.offset = offset
    self.weights = weights
  }

  /// The input pixels of a run.
  package func run(_ index: Int) -> Range<Int> { start[index]..<start[index] + offset[index + 1] - offset[index] }
}

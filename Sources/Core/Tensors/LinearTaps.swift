/// The taps of linear interpolation along one axis: for each output pixel two neighbours and the weight of the second.
///
/// Coordinates outside the input are clamped to its first or last pixel, as in TensorFlow and PyTorch.
package struct LinearTaps: Hashable, Sendable {
  /// Pixels of the input along the axis.
  package let extent: Int
  /// The neighbour at or before each coordinate, in `0 ..< extent`.
  package let lower: [Int]
  /// The neighbour after it, in `0 ..< extent`.
  package let upper: [Int]
  /// The weight of the upper neighbour, in [0, 1).
  package let fraction: [Float]

  /// Output pixels along the axis.
  package var count: Int { lower.count }

  /// Creates taps at the coordinates, in pixels of the input.
  ///
  /// - Parameters:
  ///   - coordinates: finite, in any order.
  ///   - extent: pixels of the input along the axis, at least 1.
  package init(coordinates: [Float], extent: Int) {
    precondition(extent > 0, "an axis of \(extent) pixels")
    self.extent = extent
    var lower = [Int]()
    var upper = [Int]()
    var fraction = [Float]()
    lower.reserveCapacity(coordinates.count)
    upper.reserveCapacity(coordinates.count)
    fraction.reserveCapacity(coordinates.count)
    for coordinate in coordinates {
      let inside = min(max(coordinate, 0), Float(extent - 1))
      // A Float near 2^24 may round up past the last pixel, hence the second clamp.
      let first = min(Int(inside), extent - 1)
      lower.append(first)
      upper.append(min(first + 1, extent - 1))
      fraction.append(max(inside - Float(first), 0))
    }
    self.lower = lower
    self.upper = upper
    self.fraction = fraction
  }

  private init(extent: Int, lower: [Int], upper: [Int], fraction: [Float]) {
    self.extent = extent
    self.lower = lower
    self.upper = upper
    self.fraction = fraction
  }

  /// The taps of some of the output pixels.
  ///
  /// - Parameter range: inside `0 ..< count`.
  package func extracting(_ range: Range<Int>) -> LinearTaps {
    LinearTaps(
      extent: extent, lower: Array(lower[range]), upper: Array(upper[range]), fraction: Array(fraction[range]))
  }

  /// The taps of a resize from `input` to `output` pixels.
  package init(_ grid: SamplingGrid, input: Int, output: Int) {
    self.init(coordinates: (0..<output).map { grid.coordinate(of: $0, input: input, output: output) }, extent: input)
  }
}

import Kernels
import Tensors
import TestSupport
import Testing

/// Pooling and its gradients against plain loops, on integers, many of which are equal.
@Suite struct WindowPoolingTests {
  static let geometries = [
    Geometry(height: 9, width: 8, stride: 2, dilation: 1, padding: .symmetric),
    Geometry(height: 7, width: 6, stride: 1, dilation: 2, padding: .same, kernelHeight: 5, kernelWidth: 3),
  ]
  private static let (pictures, channels) = (2, 19)

  /// The distribution of a window's gradient in the order of its taps; with `isMaximum` the first greatest pixel gets
  /// all of it.
  private func expected(_ g: Geometry, _ x: [Float], _ dy: [Float], isMaximum: Bool) -> (y: [Float], dx: [Float]) {
    let channels = Self.channels
    var y = [Float](repeating: 0, count: dy.count)
    var dx = [Float](repeating: 0, count: x.count)
    for index in dy.indices {
      let (pixel, c) = (index / channels % (g.outHeight * g.outWidth), index % channels)
      let picture = index / (channels * g.outHeight * g.outWidth)
      var seen: [Int] = []
      for tap in 0..<g.kernelHeight * g.kernelWidth {
        let row = pixel / g.outWidth * g.stride + tap / g.kernelWidth * g.dilation - g.padTop
        let column = pixel % g.outWidth * g.stride + tap % g.kernelWidth * g.dilation - g.padLeft
        guard 0..<g.height ~= row, 0..<g.width ~= column else { continue }
        seen.append(((picture * g.height + row) * g.width + column) * channels + c)
      }
      if isMaximum {
        y[index] = seen.map { x[$0] }.max()!
        dx[seen.first { x[$0] == y[index] }!] += dy[index]
      } else {
        let taps = Float(g.kernelHeight * g.kernelWidth)
        y[index] = seen.reduce(0) { $0 + x[$1] } / taps
        for at in seen { dx[at] += dy[index] / taps }
      }
    }
    return (y, dx)
  }

  @Test(arguments: geometries, [true, false]) func bothWaysAgreeWithPlainLoops(_ g: Geometry, isMaximum: Bool) {
    let kernels = TrainingKernels(Session(threads: 2))
    let (pictures, channels) = (Self.pictures, Self.channels)
    let x = TestGraph.numbers("x", pictures * g.height * g.width * channels, -2, 2).map { $0.rounded() }
    let gradients = TestGraph.numbers("dy", pictures * g.outHeight * g.outWidth * channels)
    let before = TestGraph.numbers("before", x.count)
    let (input, dy, dx) = (FloatSlice(x), FloatSlice(gradients), FloatSlice(before))
    let y = FloatSlice(zeros: gradients.count)
    kernels.windowPool(input, g, pictures: pictures, channels: channels, isMaximum: isMaximum, to: y)
    if isMaximum {
      kernels.maximumPoolGradient(dy, input, y, g, pictures: pictures, channels: channels, to: dx, adding: true)
    } else {
      kernels.averagePoolGradient(dy, g, pictures: pictures, channels: channels, to: dx, adding: true)
    }
    let expected = expected(g, x, gradients, isMaximum: isMaximum)
    for one in [
      Comparison("values", found: y.values, expected: expected.y, floor: 1),
      Comparison("gradient", found: dx.values, expected: zip(expected.dx, before).map { $0 + $1 }, floor: 1),
    ] { #expect(one.isWithin(1e-5), "\(one)") }
  }
}

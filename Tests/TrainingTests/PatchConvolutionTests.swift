import Kernels
import Tensors
import TestSupport
import Testing

/// Convolutions with more patches than are kept at a time.
@Suite struct PatchConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let kernel: (height: Int, width: Int)
    let stride, dilation, groups: Int
    let padding: Padding

    var geometry: Geometry {
      Geometry(
        height: 11, width: 9, stride: stride, dilation: dilation, padding: padding, kernelHeight: kernel.height,
        kernelWidth: kernel.width)
    }
    var testDescription: String { "\(kernel), stride \(stride), dilation \(dilation), groups \(groups), \(padding)" }
  }

  private static let cases = [
    Case(kernel: (3, 3), stride: 1, dilation: 1, groups: 1, padding: .same),
    Case(kernel: (3, 3), stride: 2, dilation: 1, groups: 2, padding: .same),
    Case(kernel: (5, 3), stride: 1, dilation: 2, groups: 1, padding: .symmetric),
    Case(kernel: (3, 5), stride: 3, dilation: 3, groups: 3, padding: .symmetric),
    Case(kernel: (3, 3), stride: 1, dilation: 12, groups: 1, padding: .same),
    Case(kernel: (1, 1), stride: 2, dilation: 1, groups: 1, padding: .same),
    Case(kernel: (1, 1), stride: 1, dilation: 1, groups: 3, padding: .same),
  ]
  private static let (pictures, inputs, outputs) = (3, 6, 18)

  /// The output and gradients of a convolution on numbers by formula.
  private func run(_ one: Case, room: Int, adding: Bool = false) -> (y: [Float], dx: [Float], dw: [Float]) {
    let g = one.geometry
    let convolution = PatchConvolution(
      TrainingKernels(Session(threads: 2)), g, pictures: Self.pictures, inputs: Self.inputs, outputs: Self.outputs,
      groups: one.groups, room: room)
    func numbers(_ name: String, _ count: Int) -> FloatSlice { FloatSlice(TestGraph.numbers(name, count)) }
    let x = numbers("x", Self.pictures * g.height * g.width * Self.inputs)
    let w = numbers("w", one.kernel.height * one.kernel.width * Self.inputs / one.groups * Self.outputs)
    let dy = numbers("dy", Self.pictures * g.outHeight * g.outWidth * Self.outputs)
    let (y, dw) = (FloatSlice(zeros: dy.count), numbers("whatever was there", w.count))
    let dx = numbers("whatever was there", x.count)
    convolution.run(x, weights: w, bias: numbers("b", Self.outputs), activation: .relu, to: y)
    convolution.weightGradient(x, dy, to: dw)
    convolution.inputGradient(dy, weights: w, to: dx, adding: adding)
    return (y.values, dx.values, dw.values)
  }

  @Test(arguments: cases) func aPartAtATimeIsTheSame(_ one: Case) {
    let whole = run(one, room: 1 << 20)
    // One output row, and a number of rows that ends inside an image.
    for room in [1, 4000] {
      let parts = run(one, room: room)
      #expect(parts.y == whole.y && parts.dx == whole.dx, "room \(room)")
      let comparison = Comparison("room \(room)", found: parts.dw, expected: whole.dw, floor: 1)
      #expect(comparison.isWithin(1e-5), "\(comparison)")
    }
  }

  @Test(arguments: cases) func aGradientIsAddedToWhatIsThere(_ one: Case) {
    let (alone, added) = (run(one, room: 4000).dx, run(one, room: 4000, adding: true).dx)
    let before = TestGraph.numbers("whatever was there", alone.count)
    let comparison = Comparison("sum", found: added, expected: zip(alone, before).map { $0 + $1 }, floor: 1)
    #expect(comparison.isWithin(1e-5), "\(comparison)")
  }
}

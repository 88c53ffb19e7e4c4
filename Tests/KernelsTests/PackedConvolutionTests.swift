import KernelOracles
import Kernels
import Tensors
import TestSupport
import Testing

/// The full 3x3 convolution of maps, for every instruction set, against the reference kernel.
@Suite struct PackedConvolutionTests {
  private struct Case {
    let height, width, inputs, outputs: Int
  }

  private func check(
    _ kernels: KernelSet, _ one: Case, stride: Int, dilation: Int, _ padding: Padding, _ activation: Activation,
    _ random: inout SplitMix64
  ) {
    let shape = Shape(height: one.height, width: one.width, channels: one.inputs)
    let x = random.floats(shape.count)
    let weights = random.floats(9 * one.inputs * one.outputs)
    let bias = random.floats(one.outputs, in: -1, 6)
    let g = Geometry(height: one.height, width: one.width, stride: stride, dilation: dilation, padding: padding)
    let expected = Reference.convolution3x3(
      x, shape, weights: weights, bias: bias, stride: stride, dilation: dilation, padding: padding,
      activation: activation)
    var first: [Float]?
    for threads in [1, 2, 5] {
      let title =
        "\(kernels.isa) \(shape) to \(one.outputs), stride \(stride), dilation \(dilation), \(padding), "
        + "\(activation), \(threads) threads"
      let found = KernelProbe.mapConvolution(
        kernels, x: x, g, inputs: one.inputs, weights: weights, bias: bias, activation: activation, threads: threads)
      // The same bits, however the work is divided.
      #expect(found == first ?? found, "\(title)")
      first = first ?? found
      // Sums of k products of numbers below 1 differ from double precision by about k units in the last place.
      let comparison = Comparison(title, found: found, expected: expected.values, floor: 1)
      #expect(comparison.isWithin(Float(9 * one.inputs + 4) * 1.2e-7), "\(comparison)")
    }
    let gap = 3
    let apart = KernelProbe.mapConvolution(
      kernels, x: x, g, inputs: one.inputs, weights: weights, bias: bias, activation: activation, gap: gap)
    let own = apart.indices.filter { $0 % (one.outputs + gap) < one.outputs }
    #expect(own.map { apart[$0] } == first, "\(kernels.isa) \(shape): pixels apart")
    let between = apart.indices.filter { $0 % (one.outputs + gap) >= one.outputs }
    #expect(between.allSatisfy { apart[$0].isNaN }, "\(kernels.isa) \(shape): something was written between the pixels")
  }

  @Test(arguments: InstructionSet.allCases) func equalsTheReference(_ isa: InstructionSet) {
    guard let kernels = KernelSet(isa) else {
      print("skipped: \(isa.rawValue) is not on this machine")
      return
    }
    var random = SplitMix64(seed: 21)
    let panel = kernels.fp32.panel
    let cases = [
      Case(height: 1, width: 1, inputs: 5, outputs: 3), Case(height: 1, width: 9, inputs: 1, outputs: panel),
      Case(height: 2, width: 3, inputs: 16, outputs: panel + 1), Case(height: 7, width: 7, inputs: 33, outputs: 17),
      Case(height: 19, width: 4, inputs: 3, outputs: 2 * panel + 5), Case(height: 17, width: 31, inputs: 2, outputs: 9),
    ]
    for one in cases {
      for stride in [1, 2] {
        for dilation in [1, 2, 3, 6, 12, 18, 36] {
          for padding in Padding.allCases {
            let activation = [Activation.linear, .relu, .relu6][random.integer(in: 0...2)]
            check(kernels, one, stride: stride, dilation: dilation, padding, activation, &random)
          }
        }
      }
    }
  }

  /// If eight taps are outside the map at every position, the middle one remains: a 1x1 convolution.
  @Test func farTapsLeaveTheMiddleOne() {
    var random = SplitMix64(seed: 22)
    let (inputs, outputs) = (8, 12)
    let g = Geometry(height: 5, width: 6, stride: 1, dilation: 18, padding: .same)
    #expect(g.reachedTaps == 30)
    let (x, weights, bias) = (random.floats(30 * inputs), random.floats(9 * inputs * outputs), random.floats(outputs))
    let found = KernelProbe.mapConvolution(
      .chosen, x: x, g, inputs: inputs, weights: weights, bias: bias, activation: .relu)
    let middle = Array(weights[4 * inputs * outputs..<5 * inputs * outputs])
    let expected = Reference.pointwise(x, rows: 30, weights: middle, bias: bias, activation: .relu)
    let comparison = Comparison("the middle tap", found: found, expected: expected, floor: 1)
    #expect(comparison.isWithin(1e-5), "\(comparison)")
  }
}

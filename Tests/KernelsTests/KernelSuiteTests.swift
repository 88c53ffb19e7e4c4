#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import KernelOracles
import Kernels
import Tensors
import TestSupport
import Testing

/// The suite of every kernel of every instruction set, against the reference kernels.
///
/// Sums of k products of numbers below 1 may differ from double precision by about k units in the last place of 1.
@Suite struct KernelSuiteTests {
  static let all = KernelSet.available
  static let absent = InstructionSet.allCases.filter { KernelSet($0) == nil }.map(\.rawValue).joined(separator: ", ")

  @Test(.enabled(if: absent.isEmpty, "this machine has no \(absent): their kernels are not tested here"))
  func everyInstructionSetIsTested() {
    #expect(Self.all.count == InstructionSet.allCases.count)
  }

  private func expectEqual(_ found: [Float], _ expected: [Float], terms: Int, _ what: String) {
    #expect(found.count == expected.count, "\(what)")
    let tolerance = Float(terms + 4) * 1.2e-7
    var worst: Float = 0
    for (a, b) in zip(found, expected) { worst = max(worst, abs(a - b) / max(1, abs(b))) }
    #expect(worst <= tolerance, "\(what): off by \(worst), allowed \(tolerance)")
  }

  @Test(arguments: all) func pointwise(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 11)
    let (tile, panel) = (14, kernels.fp32.panel)
    // Rows and columns below, at and above the register tile; odd counts; one row; a long sum.
    let rowCounts = [1, 2, 5, 6, 7, 8, tile - 1, tile, tile + 1, 49]
    let columnCounts = [
      1, 3, kernels.fp32.lanes - 1, kernels.fp32.lanes, kernels.fp32.lanes + 1, 24, panel - 1, panel, panel + 7, 91,
    ]
    for rows in rowCounts {
      for columns in columnCounts {
        let inputs = [1, 3, 16, 27, 33][random.integer(in: 0...4)]
        let activation = [Activation.linear, .relu, .relu6][random.integer(in: 0...2)]
        let hasResidual = random.next() % 2 == 0
        let x = random.floats(rows * inputs)
        let weights = random.floats(inputs * columns)
        let bias = random.floats(columns, in: -1, 7)
        let residual = hasResidual ? random.floats(rows * columns) : nil
        for threads in [1, 3] {
          let found = KernelProbe.pointwise(
            kernels, threads: threads, x: x, rows: rows, weights: weights, bias: bias, residual: residual,
            activation: activation)
          let expected = Reference.pointwise(
            x, rows: rows, weights: weights, bias: bias, residual: residual, activation: activation)
          expectEqual(found, expected, terms: inputs, "\(isa) \(rows)x\(inputs)x\(columns) \(activation) t\(threads)")
        }
      }
    }
  }

  @Test(arguments: all) func depthwise(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 12)
    for stride in [1, 2] {
      for dilation in [1, 2, 4] {
        for padding in Padding.allCases {
          for (height, width) in [(1, 1), (1, 9), (2, 3), (5, 4), (7, 7), (8, 15), (3, 17), (9, 31)] {
            let channels = [1, 5, kernels.fp32.lanes, kernels.fp32.lanes + 3, 2 * kernels.fp32.lanes][
              random.integer(in: 0...4)]
            let shape = Shape(height: height, width: width, channels: channels)
            let x = random.floats(shape.count)
            let weights = random.floats(9 * channels)
            let bias = random.floats(channels, in: -1, 6)
            let activation = [Activation.linear, .relu, .relu6][random.integer(in: 0...2)]
            let found = KernelProbe.depthwise(
              kernels, x: x, shape, weights: weights, bias: bias, stride: stride, dilation: dilation, padding: padding,
              activation: activation)
            let expected = Reference.depthwise3x3(
              x, shape, weights: weights, bias: bias, stride: stride, dilation: dilation, padding: padding,
              activation: activation)
            expectEqual(
              found, expected.values, terms: 9, "\(isa) \(shape) stride \(stride) dilation \(dilation) \(padding)")
          }
        }
      }
    }
  }

  @Test(arguments: all) func convolution3x3(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 13)
    for stride in [1, 2] {
      for dilation in [1, 2] {
        for padding in Padding.allCases {
          for (height, width, inputs, outputs) in [(1, 1, 3, 8), (5, 6, 3, 32), (9, 7, 4, 17), (12, 13, 1, 5)] {
            let shape = Shape(height: height, width: width, channels: inputs)
            let x = random.floats(shape.count)
            let weights = random.floats(9 * inputs * outputs)
            let bias = random.floats(outputs)
            let found = KernelProbe.convolution3x3(
              kernels, x: x, shape, weights: weights, bias: bias, stride: stride, dilation: dilation, padding: padding,
              activation: .relu6)
            let expected = Reference.convolution3x3(
              x, shape, weights: weights, bias: bias, stride: stride, dilation: dilation, padding: padding,
              activation: .relu6)
            expectEqual(found, expected.values, terms: 9 * inputs, "\(isa) \(shape) \(stride) \(dilation) \(padding)")
          }
        }
      }
    }
  }

  @Test(arguments: all) func poolingClampAndInterpolation(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 14)
    for channels in [1, 3, kernels.fp32.lanes, kernels.fp32.lanes + 5, 3 * kernels.fp32.lanes] {
      let shape = Shape(height: 5, width: 7, channels: channels)
      let x = random.floats(shape.count)
      expectEqual(
        KernelProbe.globalPooling(kernels, x, shape), Reference.globalPooling(x, shape), terms: shape.pixels,
        "\(isa) pooling of \(channels)")
      var clamped = random.floats(channels, in: -9, 9)
      let expected = clamped.map { min(max($0, 0), 6) }
      Elementwise.clamp(kernels, &clamped, low: 0, high: 6)
      #expect(clamped == expected)
      let (a, b) = (random.floats(channels), random.floats(channels))
      expectEqual(
        Elementwise.interpolate(kernels, a, b, 0.3), zip(a, b).map { $0 + ($1 - $0) * 0.3 }, terms: 2,
        "\(isa) interpolation")
    }
  }

  @Test(arguments: all) func inEveryStrategyABlockIsItsThreeLayers(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 15)
    for (height, width, inputs, expanded, outputs) in [
      (9, 11, 8, 48, 8), (17, 5, 16, 96, 24), (1, 1, 8, 48, 8), (3, 8, 4, 24, 4),
    ] {
      for (stride, dilation) in [(1, 1), (2, 1), (1, 2), (1, 4)] {
        for padding in Padding.allCases {
          let shape = Shape(height: height, width: width, channels: inputs)
          let block = KernelProbe.Block(
            inputs: inputs, expanded: expanded, outputs: outputs, expand: random.floats(inputs * expanded),
            expandBias: random.floats(expanded), depthwise: random.floats(9 * expanded),
            depthwiseBias: random.floats(expanded), project: random.floats(expanded * outputs, in: -0.2, 0.2),
            projectBias: random.floats(outputs), hasSkip: stride == 1 && inputs == outputs)
          let x = random.floats(shape.count)
          let wide = Reference.pointwise(
            x, rows: shape.pixels, weights: block.expand, bias: block.expandBias, activation: .relu6)
          let filtered = Reference.depthwise3x3(
            wide, shape.with(channels: expanded), weights: block.depthwise, bias: block.depthwiseBias, stride: stride,
            dilation: dilation, padding: padding, activation: .relu6)
          let expected = Reference.pointwise(
            filtered.values, rows: filtered.shape.pixels, weights: block.project, bias: block.projectBias,
            residual: block.hasSkip ? x : nil, activation: .linear)
          var firstWide: [Float]?
          for strategies in [[FusedPlan.Strategy.rows(1), .rows(2), .rows(5)], [.halves(1), .halves(2), .halves(5)]] {
            var first: [Float]?
            for threads in 1...8 {
              for strategy in strategies {
                let (found, foundWide) = KernelProbe.block(
                  kernels, block, x, shape, stride: stride, dilation: dilation, padding: padding, threads: threads,
                  strategy: strategy)
                // The same bits, whatever the threads and strips.
                #expect(found == first ?? found, "\(isa) \(shape) threads \(threads) \(strategy)")
                first = first ?? found
                #expect(foundWide == firstWide ?? foundWide, "\(isa) \(shape) threads \(threads) \(strategy): the tap")
                firstWide = firstWide ?? foundWide
              }
            }
            expectEqual(
              first!, expected, terms: expanded + 20, "\(isa) \(shape) \(stride) \(dilation) \(padding) \(strategies)")
          }
          expectEqual(firstWide!, wide, terms: inputs, "\(isa) \(shape) expansion")
        }
      }
    }
  }

  /// Two branches that read one map, and a chain of products, are their layers.
  @Test(arguments: all) func predictorsAndChainsAreTheirLayers(_ kernels: KernelSet) throws {
    let isa = kernels.isa
    var random = SplitMix64(seed: 16)
    for (height, width, channels) in [(5, 7, 19), (1, 1, 8), (9, 4, 40)] {
      let shape = Shape(height: height, width: width, channels: channels)
      let x = random.floats(shape.count)
      let branches = [3, 10].map { outputs in
        KernelProbe.Predictor(
          depthwise: random.floats(9 * channels), depthwiseBias: random.floats(channels),
          project: random.floats(channels * outputs, in: -0.3, 0.3), projectBias: random.floats(outputs))
      }
      let expected = branches.map { branch in
        let filtered = Reference.depthwise3x3(
          x, shape, weights: branch.depthwise, bias: branch.depthwiseBias, stride: 1, padding: .same, activation: .relu6
        )
        return Reference.pointwise(
          filtered.values, rows: shape.pixels, weights: branch.project, bias: branch.projectBias, activation: .linear)
      }
      let addend = random.floats(10)
      let last = random.floats(10 * 4)
      let lastBias = random.floats(4)
      let chained = Reference.pointwise(
        Reference.pointwise(
          x, rows: shape.pixels, weights: branches[1].project, bias: branches[1].projectBias,
          residual: (0..<shape.pixels).flatMap { _ in addend }, activation: .relu), rows: shape.pixels, weights: last,
        bias: lastBias, activation: .linear)
      for threads in [1, 2, 5] {
        let found = KernelProbe.predictors(kernels, branches, x, shape, threads: threads)
        for (found, expected) in zip(found, expected) {
          expectEqual(found, expected, terms: channels + 20, "\(isa) \(shape) threads \(threads)")
        }
        let chain = KernelProbe.chain(
          kernels, x, pixels: shape.pixels,
          [(branches[1].project, branches[1].projectBias, .relu), (last, lastBias, .linear)], addends: [addend, nil],
          threads: threads)
        expectEqual(chain, chained, terms: channels + 20, "\(isa) \(shape) chain, threads \(threads)")
      }
    }
  }

  @Test func theBestKernelsAreChosenUnlessForced() {
    #expect(KernelSet.available.first?.isa == .portable)
    if let forced = ProcessInfo.processInfo.environment[InstructionSet.variable], InstructionSet.complaint == nil {
      #expect(KernelSet.chosen.isa.rawValue == forced)
    } else {
      #expect(KernelSet.chosen.isa == KernelSet.available.last?.isa)
    }
  }
}

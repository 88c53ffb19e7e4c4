import Kernels
import Tensors

/// Calls of single kernels on arrays, for tests of every instruction set against the reference, and for benchmarks.
package enum KernelProbe {
  package static func pointwise(
    _ kernels: KernelSet, threads: Int = 1, x: [Float], rows: Int, weights: [Float], bias: [Float],
    residual: [Float]? = nil, activation: Activation
  ) -> [Float] {
    let layer = PackedPointwise(
      kernels, inputs: x.count / rows, outputs: bias.count, weights: weights.span, bias: bias.span,
      activation: activation)
    let pool = WorkerPool(threads: threads)
    var y = [Float](repeating: .nan, count: rows * bias.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe (residual ?? []).withUnsafeBufferPointer { rest in
          unsafe layer.runAll(
            on: pool, rows: rows, from: x.baseAddress!, to: y.baseAddress!,
            epilogue: layer.epilogue.adding(residual == nil ? nil : rest.baseAddress, stride: bias.count))
        }
      }
    }
    return y
  }

  package static func depthwise(
    _ kernels: KernelSet, x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int,
    padding: Padding, activation: Activation, threads: Int = 1, strategy: FusedPlan.Strategy? = nil
  ) -> [Float] {
    let layer = PackedDepthwise(
      kernels, channels: shape.channels, weights: weights.span, bias: bias.span, activation: activation)
    let block = FusedBlock(
      kernels, source: .map(channels: shape.channels), branches: [.init(depthwise: layer, project: nil)])
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    return run(block, g, x, height: shape.height, width: shape.width, threads: threads, strategy: strategy).first
  }

  package static func convolution3x3(
    _ kernels: KernelSet, x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int,
    padding: Padding, activation: Activation, threads: Int = 1
  ) -> [Float] {
    let product = PackedPointwise(
      kernels, inputs: 9 * shape.channels, outputs: bias.count, weights: weights.span, bias: bias.span,
      activation: activation, wholeVectors: true)
    let block = FusedBlock(kernels, source: .convolution(product, channels: shape.channels), branches: [])
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    return run(
      block, nil, image: g, x, height: g.outHeight, width: g.outWidth, threads: threads, strategy: nil, tap: true
    ).tap
  }

  /// The 3x3 convolution of a map with many channels; the `gap` floats between output pixels are not written.
  package static func mapConvolution(
    _ kernels: KernelSet, x: [Float], _ g: Geometry, inputs: Int, weights: [Float], bias: [Float],
    activation: Activation, threads: Int = 1, gap: Int = 0
  ) -> [Float] {
    let layer = PackedConvolution(
      kernels, inputs: inputs, outputs: bias.count, weights: weights.span, bias: bias.span, activation: activation)
    let stride = bias.count + gap
    var y = [Float](repeating: .nan, count: g.outHeight * g.outWidth * stride)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe layer.run(
          g, on: WorkerPool(threads: threads), from: x.baseAddress!, to: y.baseAddress!, stride: stride)
      }
    }
    return y
  }

  /// Runs a fused block of at most one branch; outputs that were not requested are empty.
  private static func run(
    _ block: FusedBlock, _ g: Geometry?, image: Geometry? = nil, _ x: [Float], height: Int, width: Int, threads: Int,
    strategy: FusedPlan.Strategy?, tap wantsTap: Bool = false
  ) -> (first: [Float], tap: [Float]) {
    let pool = WorkerPool(threads: threads)
    let plan = FusedPlan(
      block, g, image: image, height: height, width: width, threads: threads, strategy: strategy)
    let scratch = AlignedMemory(bytes: plan.scratch)
    unsafe scratch.base.update(repeating: .nan, count: scratch.count)
    let outputs = block.branches.first?.outputs ?? 0
    var y = [Float](repeating: .nan, count: plan.outHeight * plan.outWidth * outputs)
    var tap = [Float](repeating: .nan, count: wantsTap ? height * width * block.source.channels : 0)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe tap.withUnsafeMutableBufferPointer { tap in
          unsafe block.run(
            plan, on: pool, from: x.baseAddress!,
            to: FusedBlock.Outputs(first: y.baseAddress, tap: wantsTap ? tap.baseAddress : nil), scratch: scratch.raw)
        }
      }
    }
    return (y, tap)
  }

  package static func globalPooling(_ kernels: KernelSet, threads: Int = 1, _ x: [Float], _ shape: Shape) -> [Float] {
    let pool = WorkerPool(threads: threads)
    var y = [Float](repeating: .nan, count: shape.channels)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe GlobalPooling.run(
          kernels, on: pool, pixels: shape.pixels, channels: shape.channels, from: x.baseAddress!, to: y.baseAddress!)
      }
    }
    return y
  }

  /// The weights of an inverted residual in the layouts of `Weights`.
  package struct Block {
    package let inputs, expanded, outputs: Int
    package let expand, expandBias, depthwise, depthwiseBias, project, projectBias: [Float]
    package let hasSkip: Bool

    package init(
      inputs: Int, expanded: Int, outputs: Int, expand: [Float], expandBias: [Float], depthwise: [Float],
      depthwiseBias: [Float], project: [Float], projectBias: [Float], hasSkip: Bool
    ) {
      self.inputs = inputs
      self.expanded = expanded
      self.outputs = outputs
      self.expand = expand
      self.expandBias = expandBias
      self.depthwise = depthwise
      self.depthwiseBias = depthwiseBias
      self.project = project
      self.projectBias = projectBias
      self.hasSkip = hasSkip
    }
  }

  /// The output of an inverted residual, and its expanded tensor.
  package static func block(
    _ kernels: KernelSet, _ weights: Block, _ x: [Float], _ shape: Shape, stride: Int, dilation: Int,
    padding: Padding, threads: Int, strategy: FusedPlan.Strategy?
  ) -> (output: [Float], wide: [Float]) {
    let block = FusedBlock(
      kernels,
      source: .pointwise(
        PackedPointwise(
          kernels, inputs: weights.inputs, outputs: weights.expanded, weights: weights.expand.span,
          bias: weights.expandBias.span, activation: .relu6, wholeVectors: true)),
      branches: [
        .init(
          depthwise: PackedDepthwise(
            kernels, channels: weights.expanded, weights: weights.depthwise.span, bias: weights.depthwiseBias.span,
            activation: .relu6),
          project: PackedPointwise(
            kernels, inputs: weights.expanded, outputs: weights.outputs, weights: weights.project.span,
            bias: weights.projectBias.span, activation: .linear))
      ], hasSkip: weights.hasSkip)
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    let (output, wide) = run(
      block, g, x, height: shape.height, width: shape.width, threads: threads, strategy: strategy, tap: true)
    return (output, wide)
  }

  /// A depthwise convolution with ReLU6 and the linear 1x1 convolution behind it.
  package struct Predictor {
    package let depthwise, depthwiseBias, project, projectBias: [Float]

    package init(depthwise: [Float], depthwiseBias: [Float], project: [Float], projectBias: [Float]) {
      self.depthwise = depthwise
      self.depthwiseBias = depthwiseBias
      self.project = project
      self.projectBias = projectBias
    }
  }

  /// Two predictors in one pass over a map.
  package static func predictors(
    _ kernels: KernelSet, _ predictors: [Predictor], _ x: [Float], _ shape: Shape, threads: Int
  ) -> [[Float]] {
    let branches = predictors.map { one in
      FusedBlock.Branch(
        depthwise: PackedDepthwise(
          kernels, channels: shape.channels, weights: one.depthwise.span, bias: one.depthwiseBias.span,
          activation: .relu6),
        project: PackedPointwise(
          kernels, inputs: shape.channels, outputs: one.projectBias.count, weights: one.project.span,
          bias: one.projectBias.span, activation: .linear))
    }
    let block = FusedBlock(kernels, source: .map(channels: shape.channels), branches: branches)
    let g = Geometry(height: shape.height, width: shape.width, stride: 1, dilation: 1, padding: .same)
    let plan = FusedPlan(block, g, height: shape.height, width: shape.width, threads: threads)
    let scratch = AlignedMemory(bytes: plan.scratch)
    let pool = WorkerPool(threads: threads)
    var first = [Float](repeating: .nan, count: shape.pixels * branches[0].outputs)
    var second = [Float](repeating: .nan, count: shape.pixels * branches[1].outputs)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe first.withUnsafeMutableBufferPointer { first in
        unsafe second.withUnsafeMutableBufferPointer { second in
          unsafe block.run(
            plan, on: pool, from: x.baseAddress!,
            to: FusedBlock.Outputs(first: first.baseAddress, second: second.baseAddress), scratch: scratch.raw)
        }
      }
    }
    return [first, second]
  }

  /// A chain of 1x1 convolutions, computed in strips of pixels.
  package static func chain(
    _ kernels: KernelSet, _ x: [Float], pixels: Int,
    _ layers: [(weights: [Float], bias: [Float], activation: Activation)], addends: [[Float]?], threads: Int
  ) -> [Float] {
    let chain = PointwiseChain(
      layers.map { layer in
        PackedPointwise(
          kernels, inputs: layer.weights.count / layer.bias.count, outputs: layer.bias.count,
          weights: layer.weights.span, bias: layer.bias.span, activation: layer.activation)
      })
    let scratch = AlignedMemory(bytes: chain.scratch(threads: threads))
    let rows = addends.map { addend -> AlignedMemory? in
      guard let addend else { return nil }
      let row = AlignedMemory(floats: addend.count)
      for (i, value) in addend.enumerated() { unsafe row.base[i] = value }
      return row
    }
    var y = [Float](repeating: .nan, count: pixels * layers.last!.bias.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe chain.run(
          on: WorkerPool(threads: threads), pixels: pixels, from: x.baseAddress!, stride: chain.layers[0].inputs,
          to: y.baseAddress!,
          addends: rows.map { unsafe $0.map { unsafe UnsafeRawPointer($0.raw) } }, scratch: scratch.raw)
      }
    }
    return y
  }
}

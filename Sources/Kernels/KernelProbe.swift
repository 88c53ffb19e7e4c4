import Tensors

/// Runs single kernels on arrays: for tests that hold every instruction set to the reference, and for benchmarks.
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
        if let residual {
          unsafe residual.withUnsafeBufferPointer { residual in
            unsafe layer.runAll(
              on: pool, rows: rows, from: x.baseAddress!, to: y.baseAddress!, residual: residual.baseAddress!)
          }
        } else {
          unsafe layer.runAll(on: pool, rows: rows, from: x.baseAddress!, to: y.baseAddress!)
        }
      }
    }
    return y
  }

  package static func depthwise(
    _ kernels: KernelSet, x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int,
    padding: Padding, activation: Activation
  ) -> [Float] {
    let layer = PackedDepthwise(
      kernels, channels: shape.channels, weights: weights.span, bias: bias.span, activation: activation)
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    var y = [Float](repeating: .nan, count: g.outHeight * g.outWidth * shape.channels)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe layer.runRows(g, outRows: 0..<g.outHeight, from: x.baseAddress!, to: y.baseAddress!)
      }
    }
    return y
  }

  package static func convolution3x3(
    _ kernels: KernelSet, x: [Float], _ shape: Shape, weights: [Float], bias: [Float], stride: Int, dilation: Int,
    padding: Padding, activation: Activation
  ) -> [Float] {
    let layer = PackedConvolution3x3(
      kernels, inputs: shape.channels, outputs: bias.count, weights: weights.span, bias: bias.span,
      activation: activation)
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    let scratch = AlignedFloats(count: layer.scratch(g, rows: 2))
    var y = [Float](repeating: .nan, count: g.outHeight * g.outWidth * bias.count)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe layer.run(
          g, outRows: 0..<g.outHeight, strip: 2, from: x.baseAddress!, to: y.baseAddress!, scratch: scratch.base)
      }
    }
    return y
  }

  package static func globalPooling(_ kernels: KernelSet, _ x: [Float], _ shape: Shape) -> [Float] {
    var y = [Float](repeating: .nan, count: shape.channels)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe GlobalPooling.run(
          kernels, pixels: shape.pixels, channels: shape.channels, from: x.baseAddress!, to: y.baseAddress!)
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

  /// - Parameter strip: rows of a strip, or 0 for the strategy that slices channels.
  package static func block(
    _ kernels: KernelSet, _ weights: Block, _ x: [Float], _ shape: Shape, stride: Int, dilation: Int,
    padding: Padding, threads: Int, strip: Int
  ) -> [Float] {
    let block = PackedBottleneck(
      expand: PackedPointwise(
        kernels, inputs: weights.inputs, outputs: weights.expanded, weights: weights.expand.span,
        bias: weights.expandBias.span, activation: .relu6),
      depthwise: PackedDepthwise(
        kernels, channels: weights.expanded, weights: weights.depthwise.span, bias: weights.depthwiseBias.span,
        activation: .relu6),
      project: PackedPointwise(
        kernels, inputs: weights.expanded, outputs: weights.outputs, weights: weights.project.span,
        bias: weights.projectBias.span, activation: .linear), hasSkip: weights.hasSkip)
    let g = Geometry(height: shape.height, width: shape.width, stride: stride, dilation: dilation, padding: padding)
    let strategy = strip == 0 ? PackedBottleneck.Strategy.channels : .rows(strip: strip)
    let pool = WorkerPool(threads: threads)
    let scratch = AlignedFloats(count: block.scratch(g, strategy, threads: threads, expansionGiven: false))
    var y = [Float](repeating: .nan, count: g.outHeight * g.outWidth * weights.outputs)
    unsafe x.withUnsafeBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe block.run(
          g, strategy, on: pool, from: x.baseAddress!, to: y.baseAddress!, expansion: nil, scratch: scratch.base)
      }
    }
    return y
  }
}

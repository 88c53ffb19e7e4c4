import CKernels
import Tensors

extension TrainingKernels {
  /// A 3x3 depthwise convolution of each picture of a batch.
  ///
  /// - Parameters:
  ///   - x: `[pictures, g.height, g.width, channels]`.
  ///   - weights: `[3, 3, channels]`.
  ///   - y: `[pictures, g.outHeight, g.outWidth, channels]`.
  package func depthwise(
    _ x: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, weights: FloatSlice, bias: FloatSlice?,
    activation: Activation, to y: FloatSlice
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(x.count == pictures * inCount && y.count == pictures * outCount && weights.count == 9 * channels)
    let bias = bias ?? FloatSlice(zeros: channels)
    let packed = unsafe PackedDepthwise(
      kernels, channels: channels, weights: UnsafeBufferPointer(start: weights.base, count: weights.count).span,
      bias: UnsafeBufferPointer(start: bias.base, count: bias.count).span, activation: activation)
    let block = FusedBlock(
      kernels, source: .map(channels: channels), branches: [FusedBlock.Branch(depthwise: packed, project: nil)])
    let plan = FusedPlan(block, g, height: g.height, width: g.width, threads: 1)
    // A picture is one task: its strips then find no thread to share with and run one after another.
    let scratch = compute.workspaces.take(plan.scratch * pool.threads)
    pool.run(pictures) { picture, worker in
      unsafe block.run(
        plan, on: pool, from: x.base + picture * inCount,
        to: FusedBlock.Outputs(first: y.base + picture * outCount), scratch: scratch.base + worker * plan.scratch)
    }
    compute.workspaces.give(scratch)
  }

  /// The gradient with respect to the depthwise convolution's input, written over `dx`.
  package func depthwiseInputGradient(
    _ dy: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, weights: FloatSlice, to dx: FloatSlice
  ) {
    if g.stride == 1 {
      // The same convolution with its taps turned round, the zeros being the same on both sides.
      let turned = FloatSlice(AlignedFloats(count: 9 * channels), count: 9 * channels)
      for tap in 0..<9 {
        turned.part(tap * channels, channels).copy(from: weights.part((8 - tap) * channels, channels))
      }
      depthwise(dy, g, pictures: pictures, channels: channels, weights: turned, bias: nil, activation: .linear, to: dx)
      return
    }
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(dx.count == pictures * inCount && dy.count == pictures * outCount && weights.count == 9 * channels)
    pool.run(pictures) { picture, _ in
      unsafe scatter(
        dy.base + picture * outCount, g, channels: channels, weights: weights.base, to: dx.base + picture * inCount)
    }
  }

  /// Strides above 1 occur in a detector's small extra maps only: a plain loop is fast enough.
  @unsafe private func scatter(
    _ dy: UnsafePointer<Float>, _ g: Geometry, channels: Int, weights: UnsafePointer<Float>,
    to dx: UnsafeMutablePointer<Float>
  ) {
    unsafe dx.update(repeating: 0, count: g.height * g.width * channels)
    for y in 0..<g.outHeight {
      for x in 0..<g.outWidth {
        let from = unsafe dy + (y * g.outWidth + x) * channels
        for tap in 0..<9 {
          let (row, column) = (
            y * g.stride + tap / 3 * g.dilation - g.padTop, x * g.stride + tap % 3 * g.dilation - g.padLeft
          )
          guard row >= 0, row < g.height, column >= 0, column < g.width else { continue }
          let to = unsafe dx + (row * g.width + column) * channels
          let w = unsafe weights + tap * channels
          for c in 0..<channels { unsafe to[c] += from[c] * w[c] }
        }
      }
    }
  }

  /// The gradient with respect to the depthwise convolution's weights, `[3, 3, channels]`.
  package func depthwiseWeightGradient(
    _ x: FloatSlice, _ dy: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, to dw: FloatSlice
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(x.count == pictures * inCount && dy.count == pictures * outCount && dw.count == 9 * channels)
    dw.clear()
    // A task has some channels of all pictures, whose sums then run in the pictures' order.
    ranges(channels, grain: 64) { _, range in
      var gradient = unsafe ck_depthwise_gradient(
        x: x.base, dy: dy.base, height: g.height, width: g.width, out_height: g.outHeight, out_width: g.outWidth,
        channels: channels, stride: g.stride, dilation: g.dilation, pad_top: g.padTop, pad_left: g.padLeft,
        channel_begin: range.lowerBound, channel_end: range.upperBound, sum: dw.base)
      for picture in 0..<pictures {
        unsafe gradient.x = UnsafePointer(x.base + picture * inCount)
        unsafe gradient.dy = UnsafePointer(dy.base + picture * outCount)
        unsafe kernels.table.pointee.f32_depthwise_gradient(&gradient)
      }
    }
  }
}

import CKernels
import Tensors

extension TrainingKernels {
  /// A depthwise convolution of each picture of a batch.
  ///
  /// - Parameters:
  ///   - x: `[pictures, g.height, g.width, channels]`.
  ///   - weights: `[g.kernelHeight, g.kernelWidth, channels]`.
  ///   - y: `[pictures, g.outHeight, g.outWidth, channels]`.
  package func depthwise(
    _ x: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, weights: FloatSlice, bias: FloatSlice?,
    activation: Activation, to y: FloatSlice
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    let taps = g.kernelHeight * g.kernelWidth
    precondition(x.count == pictures * inCount && y.count == pictures * outCount && weights.count == taps * channels)
    let bias = bias ?? FloatSlice(zeros: channels)
    guard g.is3x3 else {
      let window = unsafe PackedWindow(
        kernels, channels: channels, taps: taps,
        weights: UnsafeBufferPointer(start: weights.base, count: weights.count).span,
        bias: UnsafeBufferPointer(start: bias.base, count: bias.count).span, activation: activation)
      for picture in 0..<pictures {
        unsafe window.run(g, on: pool, from: x.base + picture * inCount, to: y.base + picture * outCount)
      }
      return
    }
    let packed = unsafe PackedDepthwise(
      kernels, channels: channels, weights: UnsafeBufferPointer(start: weights.base, count: weights.count).span,
      bias: UnsafeBufferPointer(start: bias.base, count: bias.count).span, activation: activation)
    let block = FusedBlock(
      kernels, source: .map(channels: channels), branches: [FusedBlock.Branch(depthwise: packed, project: nil)])
    let plan = FusedPlan(block, g, height: g.height, width: g.width, threads: 1)
    // One task is one picture. Its strips then have no thread to share with and run one after another.
    let scratch = session.workspaces.take(bytes: plan.scratch * pool.threads)
    pool.run(pictures) { picture, worker in
      unsafe block.run(
        plan, on: pool, from: x.base + picture * inCount,
        to: FusedBlock.Outputs(first: y.base + picture * outCount), scratch: scratch.raw + worker * plan.scratch)
    }
    session.workspaces.give(scratch)
  }

  /// The gradient with respect to the depthwise convolution's input, written over `dx`.
  package func depthwiseInputGradient(
    _ dy: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, weights: FloatSlice, to dx: FloatSlice
  ) {
    let taps = g.kernelHeight * g.kernelWidth
    if g.stride == 1 {
      // The same convolution with reversed taps, since the padding is the same on both sides.
      let turned = FloatSlice(AlignedMemory(floats: taps * channels), count: taps * channels)
      for tap in 0..<taps {
        turned.part(tap * channels, channels).copy(from: weights.part((taps - 1 - tap) * channels, channels))
      }
      depthwise(dy, g, pictures: pictures, channels: channels, weights: turned, bias: nil, activation: .linear, to: dx)
      return
    }
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(dx.count == pictures * inCount && dy.count == pictures * outCount && weights.count == taps * channels)
    pool.run(pictures) { picture, _ in
      unsafe scatter(
        dy.base + picture * outCount, g, channels: channels, weights: weights.base, to: dx.base + picture * inCount)
    }
  }

  @unsafe private func scatter(
    _ dy: UnsafePointer<Float>, _ g: Geometry, channels: Int, weights: UnsafePointer<Float>,
    to dx: UnsafeMutablePointer<Float>
  ) {
    unsafe dx.update(repeating: 0, count: g.height * g.width * channels)
    g.eachTap { output, input, tap in
      let (from, to, w) = unsafe (dy + output * channels, dx + input * channels, weights + tap * channels)
      for c in 0..<channels { unsafe to[c] += from[c] * w[c] }
    }
  }

  /// The gradient with respect to the depthwise convolution's weights, `[g.kernelHeight, g.kernelWidth, channels]`.
  package func depthwiseWeightGradient(
    _ x: FloatSlice, _ dy: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, to dw: FloatSlice
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    let taps = g.kernelHeight * g.kernelWidth
    precondition(x.count == pictures * inCount && dy.count == pictures * outCount && dw.count == taps * channels)
    dw.clear()
    guard g.is3x3 else {
      // One task is one tap, over all pictures in their order.
      pool.run(taps) { tap, _ in
        let (ky, kx) = (tap / g.kernelWidth, tap % g.kernelWidth)
        let (rows, columns) = (g.reachedRows(ky), g.reachedColumns(kx))
        guard !columns.isEmpty else { return }
        for picture in 0..<pictures {
          for row in rows {
            let y = row * g.stride - g.padTop + ky * g.dilation
            let x0 = columns.lowerBound * g.stride - g.padLeft + kx * g.dilation
            unsafe kernels.table.pointee.f32_product_sums(
              dy.base + picture * outCount + (row * g.outWidth + columns.lowerBound) * channels, channels,
              x.base + picture * inCount + (y * g.width + x0) * channels, g.stride * channels, columns.count,
              channels, dw.base + tap * channels)
          }
        }
      }
      return
    }
    // One task is a range of channels over all pictures, so that sums run in the pictures' order.
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

extension Geometry {
  fileprivate var is3x3: Bool { kernelHeight == 3 && kernelWidth == 3 }

  /// Calls `body` for each output pixel and each tap of its window that lies inside the map, in this order.
  @inline(__always) func eachTap(_ body: (_ output: Int, _ input: Int, _ tap: Int) -> Void) {
    for y in 0..<outHeight {
      for x in 0..<outWidth {
        for ky in 0..<kernelHeight {
          let row = y * stride + ky * dilation - padTop
          guard row >= 0, row < height else { continue }
          for kx in 0..<kernelWidth {
            let column = x * stride + kx * dilation - padLeft
            guard column >= 0, column < width else { continue }
            body(y * outWidth + x, row * width + column, ky * kernelWidth + kx)
          }
        }
      }
    }
  }
}

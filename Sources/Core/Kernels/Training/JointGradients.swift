import CKernels
import Tensors

extension TrainingKernels {
  /// `y = clamp(a + b)` for maps of the same size, or with `b` one pixel for each picture, broadcast.
  package func add(
    _ a: FloatSlice, _ b: FloatSlice, pictures: Int, pixels: Int, channels: Int, activation: Activation,
    to y: FloatSlice
  ) {
    precondition(a.count == pictures * pixels * channels && y.count == a.count, "a sum of other sizes")
    precondition(b.count == a.count || b.count == pictures * channels, "a sum of other sizes")
    unsafe MergeOperations.add(
      kernels, on: pool, a.base, b.base, isOnePixel: b.count != a.count, pictures: pictures, pixels: pixels,
      channels: channels, activation: activation, to: y.base)
  }

  /// `to (+)= from * factor`.
  package func accumulate(_ from: FloatSlice, times factor: Float = 1, to: FloatSlice, adding: Bool) {
    precondition(from.count == to.count, "\(from.count) floats for \(to.count)")
    ranges(from.count, grain: 1 << 15) { _, range in
      let at = range.lowerBound
      if !adding { unsafe (to.base + at).update(repeating: 0, count: range.count) }
      unsafe kernels.table.pointee.f32_add_scaled(from.base + at, factor, range.count, to.base + at)
    }
  }

  /// Copies channels between maps: `to[p][toFirst + c] = from[p / fromRepeat][fromFirst + c]` for `count` channels.
  package func copyChannels(
    _ from: FloatSlice, channels fromChannels: Int, first fromFirst: Int, each fromRepeat: Int = 1, to: FloatSlice,
    channels toChannels: Int, first toFirst: Int, count: Int, pixels: Int
  ) {
    precondition(to.count == pixels * toChannels && from.count == (pixels / fromRepeat) * fromChannels)
    precondition(fromFirst + count <= fromChannels && toFirst + count <= toChannels)
    unsafe MergeOperations.copyChannels(
      on: pool, from.base + fromFirst, stride: fromChannels, each: fromRepeat, to: to.base + toFirst,
      stride: toChannels, count: count, pixels: pixels)
  }

  /// Global pooling, the sum over the pixels of each picture times `scale`: `[pictures, pixels, channels]` to
  /// `[pictures, channels]`.
  package func pool(
    _ x: FloatSlice, pictures: Int, pixels: Int, channels: Int, scale: Float, to y: FloatSlice
  ) {
    precondition(x.count == pictures * pixels * channels && y.count == pictures * channels)
    y.clear()
    pool.run(pictures) { picture, _ in
      let to = unsafe y.base + picture * channels
      unsafe kernels.table.pointee.f32_sum_pixels(
        x.base + picture * pixels * channels, pixels, channels, channels, to)
      for c in 0..<channels { unsafe to[c] *= scale }
    }
  }

  /// The gradient of `pool`: every pixel gets `scale` times the picture's gradient.
  package func spread(
    _ dy: FloatSlice, pictures: Int, pixels: Int, channels: Int, scale: Float, to dx: FloatSlice, adding: Bool
  ) {
    precondition(dx.count == pictures * pixels * channels && dy.count == pictures * channels)
    ranges(pictures * pixels, grain: TrainingKernels.chunk) { _, range in
      for pixel in range {
        let to = unsafe dx.base + pixel * channels
        if !adding { unsafe to.update(repeating: 0, count: channels) }
        unsafe kernels.table.pointee.f32_add_scaled(dy.base + pixel / pixels * channels, scale, channels, to)
      }
    }
  }

  /// Bilinear upsampling of each picture of a batch: `[pictures, rows.extent, columns.extent, channels]` to `[pictures,
  /// rows.count, columns.count, channels]`.
  package func enlarge(
    _ x: FloatSlice, rows: LinearTaps, columns: LinearTaps, pictures: Int, channels: Int, to y: FloatSlice
  ) {
    precondition(x.count == pictures * rows.extent * columns.extent * channels)
    precondition(y.count == pictures * rows.count * columns.count * channels)
    let scratch = session.workspaces.take(columns.extent * channels * pool.threads)
    unsafe MergeOperations.enlarge(
      kernels, on: pool, x.base, rows: rows, columns: columns, pictures: pictures, channels: channels, to: y.base,
      scratch: scratch.base)
    session.workspaces.give(scratch)
  }

  /// The gradient of `enlarge`: each gradient is distributed to the pixels it was interpolated from.
  package func reduce(
    _ dy: FloatSlice, rows: LinearTaps, columns: LinearTaps, pictures: Int, channels: Int, to dx: FloatSlice,
    adding: Bool
  ) {
    let (inRow, outRow) = (columns.extent * channels, columns.count * channels)
    precondition(dx.count == pictures * rows.extent * inRow && dy.count == pictures * rows.count * outRow)
    if !adding { dx.clear() }
    let scratch = session.workspaces.take(inRow * pool.threads)
    pool.run(pictures) { picture, worker in
      let row = unsafe scratch.base + worker * inRow
      let from = unsafe dy.base + picture * rows.count * outRow
      let to = unsafe dx.base + picture * rows.extent * inRow
      let addScaled = unsafe kernels.table.pointee.f32_add_scaled
      for i in 0..<rows.count {
        unsafe row.update(repeating: 0, count: inRow)
        for j in 0..<columns.count {
          let pixel = unsafe from + i * outRow + j * channels
          unsafe addScaled(pixel, 1 - columns.fraction[j], channels, row + columns.lower[j] * channels)
          unsafe addScaled(pixel, columns.fraction[j], channels, row + columns.upper[j] * channels)
        }
        unsafe addScaled(row, 1 - rows.fraction[i], inRow, to + rows.lower[i] * inRow)
        unsafe addScaled(row, rows.fraction[i], inRow, to + rows.upper[i] * inRow)
      }
    }
    session.workspaces.give(scratch)
  }

  /// `y = x * factors`, with one pixel of factors for each picture.
  package func scale(
    _ x: FloatSlice, by factors: FloatSlice, pictures: Int, pixels: Int, channels: Int, to y: FloatSlice
  ) {
    let count = pixels * channels
    precondition(x.count == pictures * count && y.count == x.count && factors.count == pictures * channels)
    for picture in 0..<pictures {
      unsafe MergeOperations.scale(
        kernels, on: pool, x.base + picture * count, by: factors.base + picture * channels, pixels: pixels,
        channels: channels, to: y.base + picture * count)
    }
  }

  /// The gradient of `scale` with respect to `x`: `dx (+)= dy * factors`.
  package func scaleInputGradient(
    _ dy: FloatSlice, by factors: FloatSlice, pictures: Int, pixels: Int, channels: Int, to dx: FloatSlice,
    adding: Bool
  ) {
    precondition(dy.count == pictures * pixels * channels && dx.count == dy.count)
    precondition(factors.count == pictures * channels, "\(factors.count) factors")
    ranges(pictures * pixels, grain: TrainingKernels.chunk) { _, range in
      for pixel in range {
        let to = unsafe dx.base + pixel * channels
        if !adding { unsafe to.update(repeating: 0, count: channels) }
        unsafe kernels.table.pointee.f32_product_sums(
          dy.base + pixel * channels, channels, factors.base + pixel / pixels * channels, channels, 1, channels, to)
      }
    }
  }

  /// The gradient of `scale` with respect to the factors: for each picture the sum of `dy * x` over its pixels.
  package func scaleFactorGradient(
    _ dy: FloatSlice, _ x: FloatSlice, pictures: Int, pixels: Int, channels: Int, to sums: FloatSlice
  ) {
    precondition(dy.count == pictures * pixels * channels && x.count == dy.count)
    precondition(sums.count == pictures * channels, "\(sums.count) factors")
    for picture in 0..<pictures {
      let begin = picture * pixels
      let totals = unsafe chunkedSums(rows: pixels, width: channels) { range, sums in
        let at = (begin + range.lowerBound) * channels
        unsafe kernels.table.pointee.f32_product_sums(
          dy.base + at, channels, x.base + at, channels, range.count, channels, sums)
      }
      sums.part(picture * channels, channels).set(totals.map { Float($0) })
    }
  }

  /// The channel shuffle: channel `j` of group `i` becomes channel `j * groups + i`.
  ///
  /// With as many groups as a group had channels it is its own inverse and gradient.
  package func shuffle(_ x: FloatSlice, pixels: Int, channels: Int, groups: Int, to y: FloatSlice) {
    precondition(x.count == pixels * channels && y.count == x.count && channels % groups == 0)
    unsafe MergeOperations.shuffle(on: pool, x.base, pixels: pixels, channels: channels, groups: groups, to: y.base)
  }

  /// `y = activation(x)`.
  package func activate(_ x: FloatSlice, _ activation: Activation, to y: FloatSlice) {
    y.copy(from: x)
    unsafe Elementwise.apply(
      activation, kernels, on: pool, y.base, pixels: y.count, channels: 1, stride: 1)
  }

  /// The gradient of `activate`: `dy` is multiplied by the function's slope.
  ///
  /// At a kink the slope is PyTorch's: 0, and for hard-swish at 3 the slope of its linear end, 1.
  package func activationGradient(_ dy: FloatSlice, _ activation: Activation, x: FloatSlice, y: FloatSlice) {
    precondition(dy.count == x.count && dy.count == y.count, "\(dy.count) gradients of \(x.count) values")
    let function: ck_function
    switch activation {
    case .linear, .relu, .relu6: return mask(dy, by: y, activation)
    case .hardSwish: function = CK_HARD_SWISH
    case .hardSigmoid: function = CK_HARD_SIGMOID
    case .sigmoid: function = CK_SIGMOID
    }
    let from = activation == .sigmoid ? y : x
    ranges(dy.count, grain: 1 << 15) { _, range in
      unsafe kernels.table.pointee.f32_activation_gradient(
        dy.base + range.lowerBound, from.base + range.lowerBound, range.count, function)
    }
  }
}

import CKernels
import Tensors

extension TrainingKernels {
  /// `y = clamp(a + b)` for maps of the same size, or with `b` one pixel for each picture, added everywhere.
  package func add(
    _ a: FloatSlice, _ b: FloatSlice, pictures: Int, pixels: Int, channels: Int, activation: Activation,
    to y: FloatSlice
  ) {
    precondition(a.count == pictures * pixels * channels && y.count == a.count, "a sum of other sizes")
    precondition(b.count == a.count || b.count == pictures * channels, "a sum of other sizes")
    unsafe Joints.add(
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
    unsafe Joints.copyChannels(
      on: pool, from.base + fromFirst, stride: fromChannels, each: fromRepeat, to: to.base + toFirst,
      stride: toChannels, count: count, pixels: pixels)
  }

  /// The mean over the pixels of each picture, times `scale · pixels`: `[pictures, pixels, channels]` to
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

  /// The way back of `pool`: every pixel gets `scale` times the picture's gradient.
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

  /// Enlarges each picture of a batch bilinearly: `[pictures, rows.extent, columns.extent, channels]` to
  /// `[pictures, rows.count, columns.count, channels]`.
  package func enlarge(
    _ x: FloatSlice, rows: LinearTaps, columns: LinearTaps, pictures: Int, channels: Int, to y: FloatSlice
  ) {
    precondition(x.count == pictures * rows.extent * columns.extent * channels)
    precondition(y.count == pictures * rows.count * columns.count * channels)
    unsafe Joints.enlarge(
      compute, x.base, rows: rows, columns: columns, pictures: pictures, channels: channels, to: y.base)
  }

  /// The way back of `enlarge`: each gradient is dealt out to the pixels that it came from.
  package func reduce(
    _ dy: FloatSlice, rows: LinearTaps, columns: LinearTaps, pictures: Int, channels: Int, to dx: FloatSlice,
    adding: Bool
  ) {
    let (inRow, outRow) = (columns.extent * channels, columns.count * channels)
    precondition(dx.count == pictures * rows.extent * inRow && dy.count == pictures * rows.count * outRow)
    if !adding { dx.clear() }
    let scratch = compute.workspaces.take(inRow * pool.threads)
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
    compute.workspaces.give(scratch)
  }
}

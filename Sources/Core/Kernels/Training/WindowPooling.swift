import CKernels
import Tensors

extension TrainingKernels {
  /// Max pooling, or average pooling with the zeros outside the map included, for each picture of a batch.
  ///
  /// - Parameters:
  ///   - x: `[pictures, g.height, g.width, channels]`.
  ///   - y: `[pictures, g.outHeight, g.outWidth, channels]`.
  package func windowPool(
    _ x: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, isMaximum: Bool, to y: FloatSlice
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(x.count == pictures * inCount && y.count == pictures * outCount, "maps of other sizes")
    let mean =
      isMaximum ? nil : PackedWindow.mean(kernels, channels: channels, taps: g.kernelHeight * g.kernelWidth)
    for picture in 0..<pictures {
      let (from, to) = unsafe (UnsafePointer(x.base + picture * inCount), y.base + picture * outCount)
      if let mean {
        unsafe mean.run(g, on: pool, from: from, to: to)
      } else {
        unsafe PackedWindow.maximum(kernels, g, on: pool, channels: channels, from: from, to: to)
      }
    }
  }

  /// The gradient of average pooling: every pixel of a window gets an equal share of the window's gradient.
  package func averagePoolGradient(
    _ dy: FloatSlice, _ g: Geometry, pictures: Int, channels: Int, to dx: FloatSlice, adding: Bool
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(dx.count == pictures * inCount && dy.count == pictures * outCount, "maps of other sizes")
    if !adding { dx.clear() }
    let share = 1 / Float(g.kernelHeight * g.kernelWidth)
    pool.run(pictures) { picture, _ in
      let (from, to) = unsafe (dy.base + picture * outCount, dx.base + picture * inCount)
      let addScaled = unsafe kernels.table.pointee.f32_add_scaled
      g.eachTap { output, input, _ in
        unsafe addScaled(from + output * channels, share, channels, to + input * channels)
      }
    }
  }

  /// The gradient of max pooling: the first pixel with the window's maximum gets the window's gradient.
  ///
  /// - Parameter dy: is overwritten.
  package func maximumPoolGradient(
    _ dy: FloatSlice, _ x: FloatSlice, _ y: FloatSlice, _ g: Geometry, pictures: Int, channels: Int,
    to dx: FloatSlice, adding: Bool
  ) {
    let (inCount, outCount) = (g.height * g.width * channels, g.outHeight * g.outWidth * channels)
    precondition(dx.count == pictures * inCount && dy.count == pictures * outCount, "maps of other sizes")
    precondition(x.count == dx.count && y.count == dy.count, "maps of other sizes")
    if !adding { dx.clear() }
    pool.run(pictures) { picture, _ in
      let (x, to) = unsafe (x.base + picture * inCount, dx.base + picture * inCount)
      let (y, from) = unsafe (y.base + picture * outCount, dy.base + picture * outCount)
      let gradient = unsafe kernels.table.pointee.f32_maximum_gradient
      g.eachTap { output, input, _ in
        unsafe gradient(
          from + output * channels, y + output * channels, x + input * channels, channels, to + input * channels)
      }
    }
  }
}

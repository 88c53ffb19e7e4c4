import CKernels
import Tensors

/// Merge operations: add, channel scale, concatenation, channel shuffle and bilinear resizing of whole maps.
@safe package enum MergeOperations {
  /// Pixels of a task.
  private static let grain = 256

  private static func share(_ pixels: Int, on pool: WorkerPool, _ body: (Range<Int>) -> Void) {
    // The worker pool is limited to some 65,000 tasks.
    let grain = max(grain, pixels / 60_000 + 1)
    let tasks = (pixels + grain - 1) / grain
    pool.run(tasks) { task, _ in body(task * grain..<min((task + 1) * grain, pixels)) }
  }

  /// `y = clamp(a + b)`; with `isOnePixel`, `b` has one pixel for each picture and is broadcast over the map.
  @unsafe package static func add(
    _ kernels: KernelSet, on pool: WorkerPool, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, isOnePixel: Bool,
    pictures: Int, pixels: Int, channels: Int, activation: Activation, to y: UnsafeMutablePointer<Float>
  ) {
    let (low, high) = activation.bounds
    share(pictures * pixels, on: pool) { range in
      let begin = range.lowerBound * channels
      unsafe (y + begin).update(from: a + begin, count: range.count * channels)
      let addClamp = unsafe kernels.table.pointee.f32_add_clamp
      if isOnePixel {
        for pixel in range {
          unsafe addClamp(y + pixel * channels, b + pixel / pixels * channels, channels, low, high)
        }
      } else {
        unsafe addClamp(y + begin, b + begin, range.count * channels, low, high)
      }
    }
  }

  /// `to[p * stride + c] = from[p / each * stride + c]` for `count` channels.
  @unsafe package static func copyChannels(
    on pool: WorkerPool, _ from: UnsafePointer<Float>, stride fromStride: Int, each: Int,
    to: UnsafeMutablePointer<Float>, stride toStride: Int, count: Int, pixels: Int
  ) {
    share(pixels, on: pool) { range in
      for pixel in range {
        unsafe (to + pixel * toStride).update(from: from + pixel / each * fromStride, count: count)
      }
    }
  }

  /// `y = x * factors`, the factors one pixel.
  @unsafe package static func scale(
    _ kernels: KernelSet, on pool: WorkerPool, _ x: UnsafePointer<Float>, by factors: UnsafePointer<Float>, pixels: Int,
    channels: Int, to y: UnsafeMutablePointer<Float>
  ) {
    share(pixels, on: pool) { range in
      let begin = range.lowerBound * channels
      unsafe (y + begin).update(from: x + begin, count: range.count * channels)
      for pixel in range { unsafe kernels.table.pointee.f32_multiply(y + pixel * channels, factors, channels) }
    }
  }

  /// `y[p][j * groups + i] = x[p][i * each + j]`, `each` being the channels of a group.
  @unsafe package static func shuffle(
    on pool: WorkerPool, _ x: UnsafePointer<Float>, pixels: Int, channels: Int, groups: Int,
    to y: UnsafeMutablePointer<Float>
  ) {
    let each = channels / groups
    share(pixels, on: pool) { range in
      for pixel in range {
        let (from, to) = unsafe (x + pixel * channels, y + pixel * channels)
        for group in 0..<groups { for j in 0..<each { unsafe to[j * groups + group] = from[group * each + j] } }
      }
    }
  }

  /// `[pictures, rows.extent, columns.extent, channels]` to `[pictures, rows.count, columns.count, channels]`.
  ///
  /// - Parameter scratch: `columns.extent * channels` floats for each thread.
  @unsafe package static func enlarge(
    _ kernels: KernelSet, on pool: WorkerPool, _ x: UnsafePointer<Float>, rows: LinearTaps, columns: LinearTaps,
    pictures: Int, channels: Int, to y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let (inRow, outRow) = (columns.extent * channels, columns.count * channels)
    let lerp = unsafe kernels.table.pointee.f32_lerp
    // A task is a few rows, so that a single picture uses all threads.
    let bands = (rows.count + 7) / 8
    pool.run(pictures * bands) { task, worker in
      let (picture, band) = (task / bands, task % bands)
      let row = unsafe scratch + worker * inRow
      let from = unsafe x + picture * rows.extent * inRow
      let to = unsafe y + picture * rows.count * outRow
      for i in band * 8..<min((band + 1) * 8, rows.count) {
        unsafe lerp(from + rows.lower[i] * inRow, from + rows.upper[i] * inRow, rows.fraction[i], inRow, row)
        for j in 0..<columns.count {
          unsafe lerp(
            row + columns.lower[j] * channels, row + columns.upper[j] * channels, columns.fraction[j], channels,
            to + i * outRow + j * channels)
        }
      }
    }
  }
}

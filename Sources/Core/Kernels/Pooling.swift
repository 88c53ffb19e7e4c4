import CKernels
import Tensors

/// Global average pooling: the mean of each channel over all pixels of a map.
@safe package enum GlobalPooling {
  /// Global average pooling.
  ///
  /// Each channel is summed in the order of the pixels, whatever the number of threads.
  @unsafe package static func run(
    _ kernels: KernelSet, on pool: WorkerPool, pixels: Int, channels: Int, from: UnsafePointer<Float>,
    to: UnsafeMutablePointer<Float>
  ) {
    let lanes = kernels.fp32.lanes
    let vectors = (channels + lanes - 1) / lanes
    let tasks = pixels * channels < 1 << 15 ? 1 : min(pool.threads, vectors)
    let scale = 1 / Float(pixels)
    pool.run(tasks) { task, _ in
      let begin = vectors * task / tasks * lanes
      let end = min(vectors * (task + 1) / tasks * lanes, channels)
      unsafe (to + begin).update(repeating: 0, count: end - begin)
      unsafe kernels.table.pointee.f32_sum_pixels(from + begin, pixels, channels, end - begin, to + begin)
      for c in begin..<end { unsafe to[c] *= scale }
    }
  }
}

/// Elementwise kernels.
package enum Elementwise {
  /// An activation in place, on a map whose pixels lie `stride` floats apart.
  ///
  /// The threads share the pixels.
  @unsafe package static func apply(
    _ activation: Activation, _ kernels: KernelSet, on pool: WorkerPool, _ x: UnsafeMutablePointer<Float>, pixels: Int,
    channels: Int, stride: Int
  ) {
    let tasks = min((pixels * channels + (1 << 14) - 1) >> 14, pixels, 4096)
    pool.run(tasks) { task, _ in
      let range = pixels * task / tasks..<pixels * (task + 1) / tasks
      func run(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        let table = unsafe kernels.table.pointee
        switch activation {
        case .hardSwish: unsafe table.f32_activate(x, count, CK_HARD_SWISH)
        case .hardSigmoid: unsafe table.f32_activate(x, count, CK_HARD_SIGMOID)
        case .sigmoid: unsafe table.f32_activate(x, count, CK_SIGMOID)
        case .linear, .relu, .relu6: unsafe table.f32_clamp(x, count, activation.bounds.low, activation.bounds.high)
        }
      }
      if stride == channels {
        unsafe run(x + range.lowerBound * channels, range.count * channels)
      } else {
        for pixel in range { unsafe run(x + pixel * stride, channels) }
      }
    }
  }

  /// `values[i] = min(max(values[i], low), high)`.
  package static func clamp(_ kernels: KernelSet, _ values: inout [Float], low: Float, high: Float) {
    unsafe values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      unsafe kernels.table.pointee.f32_clamp(base, values.count, low, high)
    }
  }

  /// `a[i] + (b[i] - a[i]) * t`, the step of every bilinear resize.
  package static func interpolate(_ kernels: KernelSet, _ a: [Float], _ b: [Float], _ t: Float) -> [Float] {
    precondition(a.count == b.count, "\(a.count) and \(b.count) values")
    guard !a.isEmpty else { return [] }
    return unsafe [Float](unsafeUninitializedCapacity: a.count) { out, count in
      unsafe kernels.table.pointee.f32_lerp(a, b, t, a.count, out.baseAddress!)
      count = a.count
    }
  }
}

import CKernels
import Tensors

/// The mean of each channel over all pixels of a map.
@safe package enum GlobalPooling {
  /// Sums on one thread, in the order of the pixels, so that the result never depends on the number of threads.
  @unsafe package static func run(
    _ kernels: KernelSet, pixels: Int, channels: Int, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>
  ) {
    unsafe to.update(repeating: 0, count: channels)
    unsafe kernels.table.pointee.f32_sum_pixels(from, pixels, channels, to)
    let scale = 1 / Float(pixels)
    for c in 0..<channels { unsafe to[c] *= scale }
  }
}

/// Elementwise kernels.
package enum Elementwise {
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

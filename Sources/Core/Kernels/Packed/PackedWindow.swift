import CKernels
import Tensors

/// A depthwise convolution with a window of any size, and pooling over such a window: one output pixel at a time.
///
/// The 3x3 windows of most networks run as `FusedBlock` instead, several times as fast.
@safe package final class PackedWindow: Sendable {
  package let channels: Int
  private let kernels: KernelSet
  private let epilogue: Epilogue
  private let weights, bias: AlignedMemory

  /// - Parameters:
  ///   - weights: `[taps, channels]`.
  ///   - bias: `[channels]`.
  package init(
    _ kernels: KernelSet, channels: Int, taps: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation
  ) {
    precondition(weights.count == taps * channels && bias.count == channels, "weights of another shape")
    self.kernels = kernels
    self.channels = channels
    epilogue = Epilogue(activation)
    self.weights = AlignedMemory(weights)
    self.bias = AlignedMemory(bias)
  }

  /// `[height, width, channels]` to `[outHeight, outWidth, channels]`, rows shared among the threads.
  @unsafe package func run(
    _ g: Geometry, on pool: WorkerPool, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>
  ) {
    unsafe PackedWindow.slide(kernels, g, on: pool, channels: channels, epilogue, from: from, to: to) { one, tap in
      unsafe one.w = UnsafeRawPointer(weights.base + tap * channels)
      unsafe one.bias = UnsafeRawPointer(bias.raw)
    }
  }

  /// Average pooling over a window of `taps` taps, the zeros outside the map included.
  package static func mean(_ kernels: KernelSet, channels: Int, taps: Int) -> PackedWindow {
    let weights = [Float](repeating: 1 / Float(taps), count: taps * channels)
    let bias = [Float](repeating: 0, count: channels)
    return PackedWindow(
      kernels, channels: channels, taps: taps, weights: weights.span, bias: bias.span, activation: .linear)
  }

  /// Max pooling.
  @unsafe package static func maximum(
    _ kernels: KernelSet, _ g: Geometry, on pool: WorkerPool, channels: Int, from: UnsafePointer<Float>,
    to: UnsafeMutablePointer<Float>
  ) {
    unsafe slide(kernels, g, on: pool, channels: channels, Epilogue(.linear), from: from, to: to) { _, _ in }
  }

  /// - Parameter set: completes the window of an output pixel, given its first tap inside the map.
  @unsafe private static func slide(
    _ kernels: KernelSet, _ g: Geometry, on pool: WorkerPool, channels: Int, _ epilogue: Epilogue,
    from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, _ set: (_ window: inout ck_window, _ tap: Int) -> Void
  ) {
    // The taps of an output row or column inside the map: one contiguous run.
    func inside(_ index: Int, _ kernel: Int, _ before: Int, _ extent: Int) -> (first: Int, count: Int, at: Int) {
      let start = index * g.stride - before
      let first = start < 0 ? (-start + g.dilation - 1) / g.dilation : 0
      let end = min(kernel, (extent - 1 - start) / g.dilation + 1)
      return (first, end - first, start + first * g.dilation)
    }
    pool.run(min(g.outHeight, 60_000)) { task, _ in
      for row in stride(from: task, to: g.outHeight, by: 60_000) {
        let y = inside(row, g.kernelHeight, g.padTop, g.height)
        for column in 0..<g.outWidth {
          let x = inside(column, g.kernelWidth, g.padLeft, g.width)
          let out = unsafe to + (row * g.outWidth + column) * channels
          let source = unsafe from + (y.at * g.width + x.at) * channels
          var one = unsafe ck_window(
            x: source, x_row: g.dilation * g.width * channels, x_column: g.dilation * channels, rows: y.count,
            columns: x.count, w: nil, w_row: g.kernelWidth * channels, bias: nil, channels: channels, out: out,
            epilogue: epilogue.bounds)
          unsafe set(&one, y.first * g.kernelWidth + x.first)
          unsafe kernels.table.pointee.f32_window(&one)
        }
      }
    }
  }
}

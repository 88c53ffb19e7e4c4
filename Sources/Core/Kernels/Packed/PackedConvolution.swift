import CKernels
import Tensors

/// A convolution of a map of many channels, with a window of any size, packed for one instruction set.
///
/// The convolution is one GEMM for each tap, over only the output pixels whose tap lies inside the map. Nothing is
/// padded or copied, and a tap that dilation puts outside costs nothing. Images of few channels are convolved by
/// `FusedBlock` instead.
@safe package final class PackedConvolution: Sendable {
  package let inputs, outputs: Int
  package let activation: Activation
  /// The taps' weights, one after another; no bias.
  private let product: PackedPointwise
  private let bias: AlignedMemory

  /// Output pixels of a task: enough that weights are read seldom, few enough that the inputs stay in the cache.
  private static let taskPixels = 256

  /// - Parameters:
  ///   - taps: the window's.
  ///   - weights: `[taps, inputs, columns]`, the outputs among the columns.
  ///   - bias: `[columns]`.
  ///   - first: the column of the first output.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, taps: Int = 9, weights: Span<Float>, bias: Span<Float>,
    first: Int = 0, activation: Activation
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    let zeros = [Float](repeating: 0, count: bias.count)
    product = PackedPointwise(
      kernels, inputs: taps * inputs, outputs: outputs, weights: weights, bias: zeros.span, first: first,
      activation: .linear)
    self.bias = AlignedMemory(bias.extracting(first..<first + outputs))
  }

  /// Computes one picture's map, shared among the pool's threads.
  ///
  /// - Parameters:
  ///   - from: `[height, width]` pixels of `inputs` floats.
  ///   - fromStride: floats between input pixels, `inputs` by default.
  ///   - to: `[outHeight, outWidth]` pixels of `outputs` floats.
  ///   - stride: floats between output pixels, at least `outputs`.
  @unsafe package func run(
    _ g: Geometry, on pool: WorkerPool, from: UnsafePointer<Float>, fromStride: Int? = nil,
    to: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let pixel = fromStride ?? inputs
    let middle = g.kernelHeight / 2 * g.kernelWidth + g.kernelWidth / 2
    // The tasks of a panel are neighbours, so that a worker reads the weights of its own panels only.
    let parts = min(product.panels, 4096)
    let wanted = (4 * pool.threads + parts - 1) / parts
    let least = (g.outHeight * g.outWidth + PackedConvolution.taskPixels - 1) / PackedConvolution.taskPixels
    let chunks = min(max(wanted, least), g.outHeight, 60_000 / parts)
    pool.run(parts * chunks) { task, _ in
      let (part, chunk) = (task / chunks, task % chunks)
      let panels = product.panels * part / parts..<product.panels * (part + 1) / parts
      let rows = g.outHeight * chunk / chunks..<g.outHeight * (chunk + 1) / chunks
      // The middle tap lies inside the map everywhere, so it comes first, with the bias.
      unsafe add(middle, rows, panels, g, from, pixel, to, stride, isFirst: true)
      for tap in 0..<g.kernelHeight * g.kernelWidth where tap != middle {
        unsafe add(tap, rows, panels, g, from, pixel, to, stride, isFirst: false)
      }
      unsafe clamp(rows, panels, g, to, stride)
    }
  }

  /// Adds one tap's GEMM to some output rows, in the columns of some panels.
  @unsafe private func add(
    _ tap: Int, _ rows: Range<Int>, _ panels: Range<Int>, _ g: Geometry, _ from: UnsafePointer<Float>, _ pixel: Int,
    _ to: UnsafeMutablePointer<Float>, _ stride: Int, isFirst: Bool
  ) {
    let (ky, kx) = (tap / g.kernelWidth, tap % g.kernelWidth)
    let rows = g.reachedRows(ky).clamped(to: rows)
    let columns = g.reachedColumns(kx)
    guard !rows.isEmpty, !columns.isEmpty else { return }
    func product(_ row: Int, pixels: Int) {
      let y = row * g.stride - g.padTop + ky * g.dilation
      let x = columns.lowerBound * g.stride - g.padLeft + kx * g.dilation
      let target = unsafe to + (row * g.outWidth + columns.lowerBound) * stride
      unsafe self.product.run(
        rows: pixels, from: from + (y * g.width + x) * pixel, stride: g.stride * pixel, to: target,
        toStride: stride, panels: panels, slice: tap * inputs..<(tap + 1) * inputs,
        epilogue: Epilogue(.linear).adding(isFirst ? bias.base : target, stride: isFirst ? 0 : stride))
    }
    if g.stride == 1 && columns.count == g.width && g.outWidth == g.width {
      // The rows are contiguous in both maps: one GEMM, in whole register tiles.
      product(rows.lowerBound, pixels: rows.count * g.width)
    } else {
      for row in rows { product(row, pixels: columns.count) }
    }
  }

  /// Applies the activation bounds to some output rows, in the columns of some panels.
  @unsafe private func clamp(
    _ rows: Range<Int>, _ panels: Range<Int>, _ g: Geometry, _ to: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    guard activation != .linear else { return }
    let (low, high) = activation.bounds
    let panel = product.format.panel
    let first = panels.lowerBound * panel
    let count = min(panels.upperBound * panel, outputs) - first
    for pixel in rows.lowerBound * g.outWidth..<rows.upperBound * g.outWidth {
      unsafe product.kernels.table.pointee.f32_clamp(to + pixel * stride + first, count, low, high)
    }
  }
}

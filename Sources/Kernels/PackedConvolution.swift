import CKernels
import Tensors

/// A 3x3 convolution of a map of many channels, packed for one instruction set.
///
/// It is nine products, one a tap, each over just the output pixels whose tap lies inside the map: nothing is padded or
/// copied, and a tap that its dilation puts outside costs nothing. For images of few channels `FusedBlock` has a way of its own.
@safe package final class PackedConvolution: Sendable {
  package let inputs, outputs: Int
  package let activation: Activation
  /// The taps' weights, one after another; no bias.
  private let product: PackedPointwise
  private let bias: AlignedFloats

  /// Output pixels of a task: their weights should come by seldom, and their inputs stay near.
  private static let taskPixels = 256

  /// - Parameters:
  ///   - weights: `[3, 3, inputs, outputs]`.
  ///   - bias: `[outputs]`.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    let zeros = [Float](repeating: 0, count: outputs)
    product = PackedPointwise(
      kernels, inputs: 9 * inputs, outputs: outputs, weights: weights, bias: zeros.span, activation: .linear)
    self.bias = AlignedFloats(count: outputs)
    for index in 0..<outputs { unsafe self.bias.base[index] = bias[index] }
  }

  /// Computes one picture's map, shared among the pool's threads.
  ///
  /// - Parameters:
  ///   - from: `[height, width, inputs]`.
  ///   - to: `[outHeight, outWidth]` pixels of `outputs` floats.
  ///   - stride: floats between output pixels, at least `outputs`.
  @unsafe package func run(
    _ g: Geometry, on pool: WorkerPool, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, stride: Int
  ) {
    // A panel's tasks follow each other, so that a worker reads the weights of its own panels.
    let parts = min(product.panels, 4096)
    let wanted = (4 * pool.threads + parts - 1) / parts
    let least = (g.outHeight * g.outWidth + PackedConvolution.taskPixels - 1) / PackedConvolution.taskPixels
    let chunks = min(max(wanted, least), g.outHeight, 60_000 / parts)
    pool.run(parts * chunks) { task, _ in
      let (part, chunk) = (task / chunks, task % chunks)
      let panels = product.panels * part / parts..<product.panels * (part + 1) / parts
      let rows = g.outHeight * chunk / chunks..<g.outHeight * (chunk + 1) / chunks
      // The middle tap lies inside the map everywhere, so it comes first and brings the bias.
      unsafe add(4, rows, panels, g, from, to, stride)
      for tap in 0..<9 where tap != 4 { unsafe add(tap, rows, panels, g, from, to, stride) }
      unsafe clamp(rows, panels, g, to, stride)
    }
  }

  /// Adds one tap's product to some output rows, in the columns of some panels.
  @unsafe private func add(
    _ tap: Int, _ rows: Range<Int>, _ panels: Range<Int>, _ g: Geometry, _ from: UnsafePointer<Float>,
    _ to: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    let (ky, kx) = (tap / 3, tap % 3)
    let rows = g.reachedRows(ky).clamped(to: rows)
    let columns = g.reachedColumns(kx)
    guard !rows.isEmpty, !columns.isEmpty else { return }
    let isFirst = tap == 4
    func product(_ row: Int, pixels: Int) {
      let y = row * g.stride - g.padTop + ky * g.dilation
      let x = columns.lowerBound * g.stride - g.padLeft + kx * g.dilation
      let target = unsafe to + (row * g.outWidth + columns.lowerBound) * stride
      unsafe self.product.run(
        rows: pixels, from: from + (y * g.width + x) * inputs, stride: g.stride * inputs, to: target,
        toStride: stride, residual: isFirst ? UnsafePointer(bias.base) : UnsafePointer(target),
        residualStride: isFirst ? 0 : stride, panels: panels,
        slice: tap * inputs..<(tap + 1) * inputs, isPartial: true)
    }
    if g.stride == 1 && columns.count == g.width && g.outWidth == g.width {
      // The rows follow each other in both maps: one product, in whole register tiles.
      product(rows.lowerBound, pixels: rows.count * g.width)
    } else {
      for row in rows { product(row, pixels: columns.count) }
    }
  }

  /// Clamps some output rows in the columns of some panels.
  @unsafe private func clamp(
    _ rows: Range<Int>, _ panels: Range<Int>, _ g: Geometry, _ to: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    guard activation != .linear else { return }
    let (low, high) = activation.bounds
    let first = panels.lowerBound * product.kernels.panel
    let count = min(panels.upperBound * product.kernels.panel, outputs) - first
    for pixel in rows.lowerBound * g.outWidth..<rows.upperBound * g.outWidth {
      unsafe product.kernels.table.pointee.f32_clamp(to + pixel * stride + first, count, low, high)
    }
  }
}

extension Geometry {
  /// The output rows whose tap in kernel row `tap` lies inside the map.
  func reachedRows(_ tap: Int) -> Range<Int> { reached(tap, extent: height, output: outHeight, before: padTop) }

  /// The output columns whose tap in kernel column `tap` lies inside the map.
  func reachedColumns(_ tap: Int) -> Range<Int> { reached(tap, extent: width, output: outWidth, before: padLeft) }

  /// Taps inside the map, over all output pixels: at most nine for each.
  package var reachedTaps: Int {
    func sum(_ reached: (Int) -> Range<Int>) -> Int { (0..<3).reduce(0) { $0 + reached($1).count } }
    return sum(reachedRows) * sum(reachedColumns)
  }

  private func reached(_ tap: Int, extent: Int, output: Int, before: Int) -> Range<Int> {
    // Output i reads input i * stride - shift.
    let shift = before - tap * dilation
    let first = min(max((shift + stride - 1) / stride, 0), output)
    let last = extent - 1 + shift
    return first..<max(first, last < 0 ? 0 : min(last / stride + 1, output))
  }
}

import CKernels
import Tensors

/// A dense 3x3 convolution: neighbourhoods of a few output rows are gathered, then multiplied.
@safe package final class PackedConvolution3x3: @unchecked Sendable {
  package let inputs: Int
  package let outputs: Int
  private let product: PackedPointwise

  /// - Parameters:
  ///   - weights: `[3, 3, inputs, outputs]`.
  ///   - bias: `[outputs]`.
  package init(
    _ kernels: KernelSet, inputs: Int, outputs: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation
  ) {
    self.inputs = inputs
    self.outputs = outputs
    product = PackedPointwise(
      kernels, inputs: 9 * inputs, outputs: outputs, weights: weights, bias: bias, activation: activation)
  }

  /// Floats that one worker needs to gather a strip of that many rows.
  package func scratch(_ geometry: Geometry, rows: Int) -> Int { rows * geometry.outWidth * 9 * inputs }

  /// Computes output rows in strips.
  ///
  /// - Parameters:
  ///   - strip: rows that `scratch` has room for.
  @unsafe package func run(
    _ geometry: Geometry, outRows: Range<Int>, strip: Int, from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let width = geometry.outWidth
    for begin in Swift.stride(from: outRows.lowerBound, to: outRows.upperBound, by: strip) {
      let end = min(begin + strip, outRows.upperBound)
      for y in begin..<end {
        let rows = geometry.inputRows(of: y)
        func row(_ index: Int?) -> UnsafePointer<Float>? {
          unsafe index.map { unsafe from + $0 * geometry.width * inputs }
        }
        let pointers: [3 of UnsafePointer<Float>?] = unsafe [row(rows.0), row(rows.1), row(rows.2)]
        unsafe pointers.span.withUnsafeBufferPointer { pointers in
          unsafe ck_im2col3x3_row(
            pointers.baseAddress!, inputs, geometry.width, width, geometry.stride, geometry.dilation, geometry.padLeft,
            scratch + (y - begin) * width * 9 * inputs)
        }
      }
      unsafe product.run(
        rows: (end - begin) * width, from: scratch, stride: 9 * inputs, to: to + begin * width * outputs,
        toStride: outputs)
    }
  }
}

import CKernels
import Tensors

/// The weights of a 3x3 depthwise convolution with bias and clamp, packed for one instruction set.
@safe package final class PackedDepthwise: @unchecked Sendable {
  package let channels: Int
  let activation: Activation
  let kernels: KernelSet
  let packed: AlignedFloats

  /// - Parameters:
  ///   - weights: `[3, 3, channels]`.
  ///   - bias: `[channels]`.
  package init(_ kernels: KernelSet, channels: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation) {
    precondition(weights.count == 9 * channels && bias.count == channels, "weights of another shape")
    self.channels = channels
    self.activation = activation
    self.kernels = kernels
    packed = AlignedFloats(count: unsafe ck_packed_dwconv_size(kernels.table, channels))
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe ck_pack_dwconv(kernels.table, weights.baseAddress!, bias.baseAddress!, channels, packed.base)
      }
    }
  }
}

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
  ///   - groups: of the grouped product that makes the channels; each group's lie in whole panels of its own.
  package init(
    _ kernels: KernelSet, channels: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation,
    groups: Int = 1
  ) {
    precondition(weights.count == 9 * channels && bias.count == channels, "weights of another shape")
    self.channels = channels
    self.activation = activation
    self.kernels = kernels
    guard groups == 1 else {
      let each = channels / groups
      let room = (each + kernels.panel - 1) / kernels.panel * kernels.panel
      var spread = [Float](repeating: 0, count: 9 * groups * room)
      var spreadBias = [Float](repeating: 0, count: groups * room)
      for channel in 0..<channels {
        let at = channel / each * room + channel % each
        for tap in 0..<9 { spread[tap * groups * room + at] = weights[tap * channels + channel] }
        spreadBias[at] = bias[channel]
      }
      packed = AlignedFloats(count: unsafe ck_packed_dwconv_size(kernels.table, groups * room))
      unsafe ck_pack_dwconv(kernels.table, spread, spreadBias, groups * room, packed.base)
      return
    }
    packed = AlignedFloats(count: unsafe ck_packed_dwconv_size(kernels.table, channels))
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe ck_pack_dwconv(kernels.table, weights.baseAddress!, bias.baseAddress!, channels, packed.base)
      }
    }
  }
}

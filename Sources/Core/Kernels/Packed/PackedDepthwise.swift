import CKernels
import Tensors

/// The weights of a 3x3 depthwise convolution with bias and activation bounds, packed for one instruction set.
@safe package final class PackedDepthwise: @unchecked Sendable {
  package let channels: Int
  let epilogue: Epilogue
  let packed: AlignedMemory

  /// - Parameters:
  ///   - weights: `[3, 3, channels]`.
  ///   - bias: `[channels]`.
  ///   - groups: groups of the grouped 1x1 convolution that makes the channels; each group fills whole panels of its
  ///     own.
  package init(
    _ kernels: KernelSet, channels: Int, weights: Span<Float>, bias: Span<Float>, activation: Activation,
    groups: Int = 1
  ) {
    precondition(weights.count == 9 * channels && bias.count == channels, "weights of another shape")
    self.channels = channels
    epilogue = Epilogue(activation)
    let (format, each) = (kernels.fp32, channels / groups)
    let room = groups == 1 ? channels : (each + format.panel - 1) / format.panel * format.panel
    let size = unsafe ck_packed_dwconv_size(format.layout, room)
    packed = AlignedMemory(bytes: size * groups)
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        for group in 0..<groups {
          let first = group * each
          unsafe ck_pack_dwconv(
            format.layout, weights.baseAddress! + first, channels, bias.baseAddress! + first, each,
            packed.raw + group * size)
        }
      }
    }
  }
}

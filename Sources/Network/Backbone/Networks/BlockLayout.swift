/// One block of a network, with the numbers that follow from width and output stride.
///
/// Blocks of all families have one form: a 1x1 convolution (or none), a 3x3 depthwise one, a 1x1 one, and an optional
/// merge with the input.
public struct BlockLayout: Hashable, Sendable {
  /// The merge of the block's input and its branch.
  public enum Join: Hashable, Sendable {
    /// The branch alone.
    case none
    /// Their sum: same size, same channels.
    case sum
    /// The input's channels, average-pooled 3x3 with the block's stride, then the branch's.
    case concatenation
  }

  /// Its place in the network, from 0 on.
  public let index: Int
  /// Channels of the block's input.
  public let inputs: Int
  /// Whether the block begins with a 1x1 expansion.
  public let hasExpansion: Bool
  /// Channels of the expanded tensor; equal to `inputs` where there is no expansion.
  public let expanded: Int
  /// Channels of the block's output.
  public let outputs: Int
  /// Stride of the depthwise convolution, 1 or 2.
  public let stride: Int
  /// Dilation of the depthwise convolution: 1, or 2 or 4 where strides were dropped for the output stride.
  public let dilation: Int
  /// Input pixels between neighbouring output pixels.
  public let outputStride: Int
  /// Groups of the first and of the last 1x1 convolution; a group's outputs read its inputs only.
  public let expansionGroups, projectionGroups: Int
  /// The merge of input and branch.
  public let join: Join

  init(
    index: Int, inputs: Int, hasExpansion: Bool, expanded: Int, outputs: Int, stride: Int, dilation: Int,
    outputStride: Int, expansionGroups: Int = 1, projectionGroups: Int = 1, join: Join
  ) {
    self.index = index
    self.inputs = inputs
    self.hasExpansion = hasExpansion
    self.expanded = expanded
    self.outputs = outputs
    self.stride = stride
    self.dilation = dilation
    self.outputStride = outputStride
    self.expansionGroups = expansionGroups
    self.projectionGroups = projectionGroups
    self.join = join
  }

  /// Whether the input is added to the output.
  public var hasSkip: Bool { join == .sum }
  /// Channels of the branch's own output.
  public var projected: Int { join == .concatenation ? outputs - inputs : outputs }
}

/// The strides and dilations of a network at an output stride.
///
/// The first stride that would exceed the output stride becomes a dilation of the layers behind it.
///
/// Source: MobileNetV2's section 6.3; TF-slim's `mobilenet_base`.
struct StrideRule {
  let outputStride: Int
  private(set) var reached: Int
  private(set) var dilation = 1

  /// - Parameter reached: the stride of the first block's input.
  init(outputStride: Int, reached: Int) {
    precondition([8, 16, 32].contains(outputStride), "an output stride of \(outputStride), expected 8, 16 or 32")
    self.outputStride = outputStride
    self.reached = reached
  }

  /// The stride and the dilation of a block, given its stride in the paper.
  mutating func next(_ stride: Int) -> (stride: Int, dilation: Int) {
    let own = dilation
    if stride == 2 && reached == outputStride {
      dilation *= 2
      return (1, own)
    }
    reached *= stride
    return (stride, own)
  }
}

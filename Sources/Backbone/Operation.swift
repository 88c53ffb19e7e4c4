import Kernels

/// A tensor that passes from one operation of a network to the next.
enum Value: Hashable, Sendable {
  case picture
  /// What a tap hands out.
  case tap(Tap)
  /// The first convolution's map, pooled.
  case pooled
  /// The filtered rows in front of a block's last product, where those are kept.
  case filtered(Int)
  /// A block's branch, before its input is added.
  case branch(Int)
}

/// Layers of a network that run as one pass, whatever the size of the picture.
struct Operation: Sendable {
  enum Work: Sendable {
    /// With the places of its depthwise convolution.
    case fused(FusedBlock, stride: Int, dilation: Int)
    /// A 1x1 convolution; a second value that it reads is added before the clamp.
    case pointwise(PackedPointwise)
    /// The sum of the two values that it reads.
    case sum(channels: Int)
  }

  let name: String
  let work: Work
  let reads: [Value]
  /// What it computes last.
  ///
  /// Two operations may write the same value, each some channels.
  let writes: Value
  /// The wide rows in its middle, which nobody needs but who taps them.
  var wide: Value? = nil
  /// The layers of `NetworkLayout.costs` that it does: those up to the wide rows, and the others.
  var wideLayers: [String] = []
  var layers: [String] = []

  /// The channels of what it writes: of the whole map, where others write the rest of it.
  var channels: Int {
    switch work {
    case .fused(let block, _, _): return block.channels?.total ?? block.branches[0].outputs
    case .pointwise(let product): return product.outputs
    case .sum(let channels): return channels
    }
  }
}

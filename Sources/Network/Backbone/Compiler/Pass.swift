import Graphs
import Tensors

/// A pass: operations of a graph that run together over a map, whatever the input's size.
///
/// Values are numbered as the graph's nodes. Higher numbers are values made by the compiler.
struct Pass: Hashable, Sendable {
  /// A 1x1 convolution, whole or restricted to a range of its input channels.
  struct Product: Hashable, Sendable {
    let node: Int
    /// Rows of the weights: input channels; `nil` for all.
    var rows: Range<Int>?
    /// Whether the bias is added here.
    var isBiased = true
    /// The activation, which differs from the convolution's own where later operations are fused here.
    var activation: Activation
  }

  /// A depthwise convolution, or 3x3 max or average pooling, and the 1x1 convolution behind it.
  struct Branch: Hashable, Sendable {
    let filter: Int
    var project: Product?
  }

  enum Work: Hashable, Sendable {
    /// A fused block. With `source` the depthwise input is computed a few rows at a time; without, it is the pass's
    /// input.
    case fused(source: Int?, branches: [Branch], shuffle: Int?, hasSkip: Bool)
    /// A 1x1 convolution. A second input, a map or one pixel, is added before the activation.
    case product(Product)
    /// A chain of 1x1 convolutions. `addends` has for each the input of one pixel that is added, if any.
    case chain([Product], addends: [Int?])
    case convolution(Int)
    case depthwise(Int)
    case pooling(Graph.Pooling)
    case globalPooling
    case add(Activation)
    case scale
    case activation(Activation)
    case resize(SamplingGrid)
    case shuffle(groups: Int)
    /// A copy of a value into a concatenation.
    case copy
  }

  var work: Work
  /// The nodes that it computes.
  var nodes: [Int]
  var reads: [Int]
  /// The values of its branches.
  var writes: [Int]
  /// The expanded tensor, the output of its source, which can be stored too.
  var wide: Int?
  /// An activation other than bounds, run over the pass's output.
  var epilogue: Activation?
  /// The channels of a concatenation that it writes.
  var placement: Placement?
  /// Whether the depthwise output's pixels are not contiguous.
  var isSpread = false
  /// Whether it reads such pixels.
  var readsSpread = false

  struct Placement: Hashable, Sendable {
    let value: Int
    let first: Int
  }

  /// The values that it writes, whole or in part.
  var targets: [Int] { placement.map { [$0.value] } ?? writes }

  /// Whether it can write a part of a concatenation in place.
  var canBePlaced: Bool {
    guard epilogue == nil else { return false }
    switch work {
    case .fused(_, let branches, _, let hasSkip): return branches.count == 1 && !hasSkip && !isSpread
    case .product, .convolution: return true
    default: return false
    }
  }
}

/// Passes in their order of execution, and the values made by the compiler.
struct Program: Sendable {
  var passes: [Pass]
  /// Channels of each value.
  var channels: [Int]
  /// Values that can be outputs: values written whole, and expanded tensors that a pass can store.
  let available: Set<Int>
}

import Graphs
import Tensors

/// Operations of a graph that run as one pass over a map, whatever the input's size.
///
/// Values are numbered as the graph's nodes; those behind them are made by the compiler.
struct Pass: Hashable, Sendable {
  /// A 1x1 convolution, all of it or the part that reads some of its input channels.
  struct Product: Hashable, Sendable {
    let node: Int
    /// Rows of the weights: input channels; `nil` for all.
    var rows: Range<Int>?
    /// Whether the bias is added here.
    var isBiased = true
    /// In place of the convolution's own, where what follows is done here too.
    var activation: Activation
  }

  /// A depthwise convolution, or maximum or average pooling 3x3, and the 1x1 convolution behind it.
  struct Branch: Hashable, Sendable {
    let filter: Int
    var project: Product?
  }

  enum Work: Hashable, Sendable {
    /// With `source` the map that is filtered is made a few rows at a time; without, it is what the pass reads.
    case fused(source: Int?, branches: [Branch], shuffle: Int?, hasSkip: Bool)
    /// A second value that is read is added before the activation: a map, or one pixel.
    case product(Product)
    /// 1x1 convolutions in a row; `addends` says for each which of the values read, one pixel, is added.
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
    /// Writes a value beside others.
    case copy
  }

  var work: Work
  /// The nodes that it does.
  var nodes: [Int]
  var reads: [Int]
  /// The values of its branches.
  var writes: [Int]
  /// The value in its middle that it can leave too: what its source makes.
  var wide: Int?
  /// An activation that is no clamp and runs over what it wrote.
  var epilogue: Activation?
  /// Where it writes its channels in a value of more.
  var placement: Placement?
  /// Whether filtered pixels lie farther apart than they are wide.
  var isSpread = false
  /// Whether it reads such pixels.
  var readsSpread = false

  struct Placement: Hashable, Sendable {
    let value: Int
    let first: Int
  }

  /// The values that it writes, or writes a part of.
  var targets: [Int] { placement.map { [$0.value] } ?? writes }

  /// Whether it can write beside others' channels.
  var canBePlaced: Bool {
    guard epilogue == nil else { return false }
    switch work {
    case .fused(_, let branches, _, let hasSkip): return branches.count == 1 && !hasSkip && !isSpread
    case .product, .convolution: return true
    default: return false
    }
  }
}

/// Passes in the order in which they run, and the values that the compiler made.
struct Program: Sendable {
  var passes: [Pass]
  /// Channels of each value.
  var channels: [Int]
  /// Values that can be handed out: those that are written whole, and those that a pass can leave.
  let available: Set<Int>
}

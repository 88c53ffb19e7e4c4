import Graphs
import ModelFiles
import Tensors

/// The layout of a network of blocks for one width and output stride, computed from its paper's table.
///
/// `mobileNetV2`, `mobileNetV1` and `shuffleNet` make one; `Network` runs it.
public struct NetworkLayout: Hashable, Sendable {
  /// The architecture.
  public let family: NetworkFamily
  /// The width multiplier; of ShuffleNet the scale.
  public let width: WidthMultiplier
  /// Input pixels between neighbouring pixels of the deepest map: 8, 16 or 32.
  public let outputStride: Int
  /// The treatment of the border by all windows.
  public let padding: Padding
  /// Output channels of the first convolution, 3x3 with stride 2.
  public let stemChannels: Int
  /// The blocks, shallow to deep.
  public let blocks: [BlockLayout]
  /// Channels of the last convolution, or `nil` where the network ends with its last block.
  public let lastChannels: Int?
  /// The ablations of MobileNetV2's blocks.
  public let ablation: Ablation

  init(
    _ family: NetworkFamily, width: WidthMultiplier, outputStride: Int, padding: Padding, stemChannels: Int,
    blocks: [BlockLayout], lastChannels: Int? = nil, ablation: Ablation = Ablation()
  ) {
    self.family = family
    self.width = width
    self.outputStride = outputStride
    self.padding = padding
    self.stemChannels = stemChannels
    self.blocks = blocks
    self.lastChannels = lastChannels
    self.ablation = ablation
  }

  /// The layout of a card's network, which must be known, with an output stride of 8, 16 or 32.
  public init(_ card: BackboneCard) {
    guard let family = card.family else { preconditionFailure("a network \(card.network)") }
    switch family {
    case .mobileNetV2:
      self = .mobileNetV2(
        width: card.widthMultiplier, divisor: card.channelDivisor, outputStride: card.outputStride,
        padding: card.padding, hasLastConvolution: card.hasLastConvolution)
    case .mobileNetV1:
      self = .mobileNetV1(
        width: card.widthMultiplier, divisor: card.channelDivisor, outputStride: card.outputStride,
        padding: card.padding)
    case .shuffleNet:
      self = .shuffleNet(
        groups: card.groups ?? 3, scale: card.widthMultiplier, outputStride: card.outputStride, padding: card.padding)
    }
  }

  /// Whether the stem's output is max-pooled before the first block.
  package var hasStemPooling: Bool { family == .shuffleNet }
}

extension NetworkLayout {
  /// The network as a graph without outputs, its taps named: `stem`, `block0`, `block1/expansion`, …, `last`.
  ///
  /// - Complexity: O(layers).
  public var graph: Graph {
    var graph = Graph()
    let image = graph.input()
    var x = graph.convolution(
      "backbone.stem", image, outputs: stemChannels, window: Graph.Window(3, 3, stride: 2, padding: padding),
      hasStemPooling ? .relu : .relu6, isNormalised: false)
    graph.name(x, .stem)
    if hasStemPooling { x = graph.pooling(x, .maximum(Graph.Window(3, 3, stride: 2, padding: padding))) }
    var expanded: Graph.Value?
    for block in blocks {
      switch family {
      case .mobileNetV2: x = graph.invertedResidual(block, x, &expanded, ablation, padding)
      case .mobileNetV1: x = graph.separable(block, x, padding)
      case .shuffleNet: x = graph.shuffleUnit(block, x, padding)
      }
      graph.name(x, .block(block.index))
    }
    if let lastChannels {
      graph.name(
        graph.pointwise("backbone.last", x, outputs: lastChannels, .relu6, isNormalised: false), .last)
    }
    return graph
  }
}

extension Graph {
  /// MobileNetV2's block: expansion, depthwise convolution, projection, and the sum with the input.
  ///
  /// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 3.4 and table 1.
  ///
  /// - Parameter neighbour: the expanded tensor of the block before, replaced by this one's; only ablations add it.
  fileprivate mutating func invertedResidual(
    _ block: BlockLayout, _ x: Value, _ neighbour: inout Value?, _ ablation: Ablation, _ padding: Padding
  ) -> Value {
    let name = "backbone.block\(block.index)"
    var wide = x
    if block.hasExpansion {
      // The earlier expanded tensor of the same shape is added before this one's activation.
      let isAdded = ablation.shortcut == .expansions && neighbour?.channels == block.expanded
      wide = pointwise("\(name).expand", x, outputs: block.expanded, isAdded ? .linear : .relu6, isNormalised: false)
      if isAdded { wide = sum(wide, neighbour!, .relu6) }
      self.name(wide, .expansion(block.index))
    }
    neighbour = block.hasExpansion && block.stride == 1 ? wide : nil
    let filtered = depthwise(
      "\(name).depthwise", wide, stride: block.stride, dilation: block.dilation, padding: padding, .relu6,
      isNormalised: false)
    self.name(filtered, .depthwise(block.index))
    let activation: Activation = ablation.bottleneck == .relu6 ? .relu6 : .linear
    let projected = pointwise("\(name).project", filtered, outputs: block.outputs, activation, isNormalised: false)
    return block.hasSkip ? sum(projected, x) : projected
  }

  /// MobileNetV1's block: depthwise and 1x1.
  fileprivate mutating func separable(_ block: BlockLayout, _ x: Value, _ padding: Padding) -> Value {
    let name = "backbone.block\(block.index)"
    let filtered = depthwise(
      "\(name).depthwise", x, stride: block.stride, dilation: block.dilation, padding: padding, .relu6,
      isNormalised: false)
    self.name(filtered, .depthwise(block.index))
    return pointwise("\(name).project", filtered, outputs: block.outputs, .relu6, isNormalised: false)
  }

  /// ShuffleNet's unit: grouped 1x1, shuffle, depthwise, grouped 1x1, and the sum with the input or the concatenation
  /// with its average-pooled channels.
  ///
  /// Source: "ShuffleNet", section 3.2 and figure 2.
  fileprivate mutating func shuffleUnit(_ block: BlockLayout, _ x: Value, _ padding: Padding) -> Value {
    let name = "backbone.block\(block.index)"
    let isJoined = block.join == .concatenation
    let narrow = pointwise(
      "\(name).expand", x, outputs: block.expanded, groups: block.expansionGroups, .relu, isNormalised: false)
    let filtered = depthwise(
      "\(name).depthwise", shuffle(narrow, groups: block.projectionGroups), stride: block.stride,
      dilation: block.dilation, padding: padding, .linear, isNormalised: false)
    let branch = pointwise(
      "\(name).project", filtered, outputs: block.projected, groups: block.projectionGroups,
      isJoined ? .relu : .linear, isNormalised: false)
    guard isJoined else { return sum(branch, x, .relu) }
    // The branch is dilated where a stride was dropped. The average pooling is never dilated.
    let pooled = pooling(x, .average(Window(3, 3, stride: block.stride, padding: padding)))
    return concatenation(pooled, branch)
  }
}

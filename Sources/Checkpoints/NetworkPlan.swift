import ModelFiles

/// The widths of a MobileNetV2 or a MobileNetV1: what an import needs of the paper's table to hold a file to it.
///
/// Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2; the rounding of widths is that of
/// the authors' code (multiples of 8, never more than 10% below the exact value). DeepLab's code rounds the widths of its
/// slimmer networks to whole channels instead; their expansions are still multiples of 8. Howard et al., "MobileNets",
/// table 1, whose widths 0.25, 0.5, 0.75 and 1 give multiples of 8 without rounding.
package struct BackbonePlan: Hashable, Sendable {
  package struct Block: Hashable, Sendable {
    package let inputs, expanded, outputs, stride: Int
    /// Whether a 1x1 convolution comes before the depthwise one.
    package let hasExpansion: Bool
  }

  package let network: NetworkFamily
  package let width: Double
  /// Channels between blocks are multiples of this: 8, or 1.
  package let divisor: Int
  package let stem: Int
  package let blocks: [Block]
  /// Channels of the deepest map: of MobileNetV2's last 1x1 convolution, of MobileNetV1's last block.
  package let last: Int

  package init(_ network: NetworkFamily = .mobileNetV2, width: Double, divisor: Int = 8) {
    precondition(network != .shuffleNet, "no checkpoints of \(network.rawValue) are known")
    self.network = network
    self.width = width
    self.divisor = divisor
    stem = BackbonePlan.rounded(32 * width, to: divisor)
    var inputs = stem
    var blocks: [Block] = []
    for (t, c, n, s) in network == .mobileNetV1 ? BackbonePlan.firstTable : BackbonePlan.secondTable {
      let outputs = BackbonePlan.rounded(Double(c) * width, to: divisor)
      for i in 0..<n {
        let expanded = t == 1 ? inputs : BackbonePlan.rounded(Double(inputs * t), to: 8)
        blocks.append(
          Block(
            inputs: inputs, expanded: expanded, outputs: outputs, stride: i == 0 ? s : 1, hasExpansion: t != 1))
        inputs = outputs
      }
    }
    self.blocks = blocks
    last = network == .mobileNetV1 ? inputs : BackbonePlan.rounded(1280 * max(1, width), to: divisor)
  }

  /// Expansion, output channels, repeats and first stride of MobileNetV1's blocks.
  private static let firstTable = [(1, 64, 1, 1), (1, 128, 2, 2), (1, 256, 2, 2), (1, 512, 6, 2), (1, 1024, 2, 2)]
  /// Those of MobileNetV2's.
  private static let secondTable = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]

  /// The nearest multiple of `divisor`, at least 8 and never more than 10% below the exact number.
  static func rounded(_ exact: Double, to divisor: Int) -> Int {
    let rounded = max(8, Int(exact + Double(divisor) / 2) / divisor * divisor)
    return Double(rounded) < 0.9 * exact ? rounded + divisor : rounded
  }

  package func layers(last hasLast: Bool) -> [PlannedLayer] {
    var layers = [PlannedLayer(.stem, .convolution, 3, stem)]
    for (i, block) in blocks.enumerated() {
      if block.hasExpansion { layers.append(PlannedLayer(.expand(i), .pointwise, block.inputs, block.expanded)) }
      layers.append(PlannedLayer(.depthwise(i), .depthwise, block.expanded, block.expanded))
      layers.append(PlannedLayer(.project(i), .pointwise, block.expanded, block.outputs))
    }
    if hasLast && network == .mobileNetV2 {
      layers.append(PlannedLayer(.last, .pointwise, blocks[16].outputs, last))
    }
    return layers
  }

  /// Stride and dilation of each block's depthwise convolution at an output stride: a block that would exceed it loses its
  /// stride and keeps the old dilation, and the blocks after it multiply theirs.
  package func strides(outputStride: Int) -> [(stride: Int, dilation: Int)] {
    var reached = 2
    var dilation = 1
    return blocks.map { block in
      let current = dilation
      if reached >= outputStride {
        dilation *= block.stride
        return (1, current)
      }
      reached *= block.stride
      return (block.stride, current)
    }
  }

  /// The network whose widths agree with the most of the observed ones.
  ///
  /// - Parameter observed: output channels by layer.
  static func best(_ network: NetworkFamily, for observed: [LayerID: Int]) -> BackbonePlan {
    let usual = [1.0, 0.5, 0.35, 0.75, 1.4, 1.3, 0.25, 0.1]
    let others = (2...80).map { Double($0) / 20 }
    var best = BackbonePlan(network, width: 1)
    var bestCount = -1
    for divisor in [8, 1] {
      for width in usual + others where bestCount < observed.count {
        let plan = BackbonePlan(network, width: width, divisor: divisor)
        let count = plan.layers(last: true).count { observed[$0.id] == $0.outputs }
        if count > bestCount { (best, bestCount) = (plan, count) }
      }
    }
    return best
  }
}

/// The heads' layers, as far as the widths of the backbone and the numbers of outputs decide them.
enum HeadPlan {
  /// Anchors of a cell, map by map.
  static let anchors = [3, 6, 6, 6, 6, 6]

  /// Channels of an extra layer: reduced, and after the stride.
  struct Extra: Hashable { let reduced, full: Int }

  static func extras(width: Double) -> [Extra] {
    [512, 256, 256, 128].map { full in
      // The object detection code truncates and keeps at least 16 channels.
      Extra(reduced: max(Int(Double(full / 2) * width), 16), full: max(Int(Double(full) * width), 16))
    }
  }

  static func ssdlite(_ backbone: BackbonePlan, outputs: Int) -> [PlannedLayer] {
    var layers: [PlannedLayer] = []
    var maps = [backbone.blocks[13].expanded, backbone.last]
    for (i, extra) in extras(width: backbone.width).enumerated() {
      layers.append(PlannedLayer(.extraReduce(i), .pointwise, maps[i + 1], extra.reduced))
      layers.append(PlannedLayer(.extraDepthwise(i), .depthwise, extra.reduced, extra.reduced))
      layers.append(PlannedLayer(.extraExpand(i), .pointwise, extra.reduced, extra.full))
      maps.append(extra.full)
    }
    for (i, channels) in maps.enumerated() {
      for (answer, perAnchor) in [(LayerID.Answer.box, 4), (.class, outputs)] {
        layers.append(PlannedLayer(.predictorDepthwise(i, answer), .depthwise, channels, channels))
        layers.append(PlannedLayer(.predictorPointwise(i, answer), .pointwise, channels, anchors[i] * perAnchor))
      }
    }
    return layers
  }

  static func deepLab(_ backbone: BackbonePlan, outputs: Int) -> [PlannedLayer] {
    let features = backbone.blocks[16].outputs
    return [
      PlannedLayer(.pooling, .pointwise, features, 256), PlannedLayer(.aspp, .pointwise, features, 256),
      PlannedLayer(.projection, .pointwise, 512, 256), PlannedLayer(.logits, .pointwise, 256, outputs),
    ]
  }
}

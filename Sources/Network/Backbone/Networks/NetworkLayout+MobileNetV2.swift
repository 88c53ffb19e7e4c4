import Tensors

/// Ablations of MobileNetV2's blocks, which measure the use of each part.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", section 6.4 and figure 6.
public struct Ablation: Hashable, Sendable {
  /// The activation of a block's bottleneck.
  public enum Bottleneck: String, Hashable, Sendable, CaseIterable {
    /// None: the paper's choice.
    case linear
    /// ReLU6, before the input is added.
    case relu6
  }

  /// The tensors that a shortcut connects.
  public enum Shortcut: String, Hashable, Sendable, CaseIterable {
    /// The bottlenecks at both ends of a block: the paper's choice.
    case bottlenecks
    /// Expanded tensors of neighbouring blocks, where they have the same shape: the earlier one is added to the later
    /// one before its ReLU6.
    case expansions
    /// No shortcuts.
    case none
  }

  /// The activation of the bottlenecks.
  public var bottleneck: Bottleneck
  /// The tensors that shortcuts connect.
  public var shortcut: Shortcut

  /// Creates a choice of variants, by default the paper's.
  public init(bottleneck: Bottleneck = .linear, shortcut: Shortcut = .bottlenecks) {
    self.bottleneck = bottleneck
    self.shortcut = shortcut
  }
}

extension NetworkLayout {
  /// MobileNetV2.
  ///
  /// - Parameters:
  ///   - width: the width multiplier, greater than 0, for example 0.35, 0.5, 0.75, 1.0 or 1.4.
  ///   - divisor: channels between blocks are multiples of this, at least 1.
  ///   - outputStride: 8, 16 or 32.
  ///   - hasLastConvolution: whether the 1x1 convolution to 1280 channels is the last layer.
  ///   - ablation: variants of the blocks.
  public static func mobileNetV2(
    width: Double = 1, divisor: Int = 8, outputStride: Int = 32, padding: Padding = .same,
    hasLastConvolution: Bool = true, ablation: Ablation = Ablation()
  ) -> NetworkLayout {
    let multiplier = WidthMultiplier(width, divisor: divisor)
    var rule = StrideRule(outputStride: outputStride, reached: 2)
    var blocks: [BlockLayout] = []
    let stem = multiplier(PaperTable.stemChannels)
    var channels = stem
    for row in PaperTable.bottlenecks {
      let outputs = multiplier(row.channels)
      for repeatIndex in 0..<row.repeats {
        let (stride, dilation) = rule.next(repeatIndex == 0 ? row.stride : 1)
        let hasSkip = ablation.shortcut == .bottlenecks && stride == 1 && channels == outputs
        blocks.append(
          BlockLayout(
            index: blocks.count, inputs: channels, hasExpansion: row.expansion > 1,
            expanded: multiplier.expanded(channels, by: row.expansion), outputs: outputs, stride: stride,
            dilation: dilation, outputStride: rule.reached, join: hasSkip ? .sum : .none))
        channels = outputs
      }
    }
    return NetworkLayout(
      .mobileNetV2, width: multiplier, outputStride: outputStride, padding: padding, stemChannels: stem,
      blocks: blocks, lastChannels: hasLastConvolution ? multiplier.last(PaperTable.lastChannels) : nil,
      ablation: ablation)
  }
}

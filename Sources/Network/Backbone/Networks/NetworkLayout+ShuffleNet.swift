import Tensors

/// One stage of ShuffleNet: `repeats` units, the first of which has stride 2.
package struct ShuffleNetStage: Hashable, Sendable {
  /// The factor of its channels to those of stage 2.
  package let factor: Int
  /// Units of the stage.
  package let repeats: Int
}

/// ShuffleNet's stages at scale 1.
///
/// Source: "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", table 1.
package enum ShuffleNetTable {
  /// Output channels of the first convolution, 3x3 with stride 2, behind which is a max pooling, 3x3 with stride 2.
  package static let stemChannels = 24
  /// Stages 2, 3 and 4.
  package static let stages = [
    ShuffleNetStage(factor: 1, repeats: 4), ShuffleNetStage(factor: 2, repeats: 8),
    ShuffleNetStage(factor: 4, repeats: 4),
  ]
  /// Output channels of stage 2 at scale 1, by groups.
  package static let channels = [1: 144, 2: 200, 3: 240, 4: 272, 8: 384]
  /// The factor of a unit's channels to its bottleneck's.
  package static let reduction = 4
}

extension NetworkLayout {
  /// ShuffleNet v1: grouped 1x1 convolutions, with the channels shuffled in between.
  ///
  /// The paper's numbers do not all divide by the groups at its smaller scales: the first convolution's channels and
  /// the bottlenecks' are rounded to the nearest multiples of the groups.
  ///
  /// - Parameters:
  ///   - groups: 1, 2, 3, 4 or 8.
  ///   - scale: the factor to the channels of the paper's 1x, greater than 0, for example 0.25, 0.5, 1.0, 1.5 or 2.0.
  ///   - outputStride: 8, 16 or 32.
  public static func shuffleNet(
    groups: Int = 3, scale: Double = 1, outputStride: Int = 32, padding: Padding = .symmetric
  ) -> NetworkLayout {
    guard let base = ShuffleNetTable.channels[groups] else {
      preconditionFailure("ShuffleNet with \(groups) groups, expected one of \(NetworkFamily.shuffleNetGroups)")
    }
    func rounded(_ exact: Double, to divisor: Int) -> Int { max(Int((exact / Double(divisor)).rounded()), 1) * divisor }
    // The authors' code has 12, 24, 24 and 48 channels at 0.5, 1, 1.5 and 2. Above 1 the scale is rounded down.
    let stemScale = scale < 1 ? scale : scale.rounded(.down)
    let stem = rounded(Double(ShuffleNetTable.stemChannels) * stemScale, to: groups)
    // The branch of a unit with stride 2 makes the output channels that its input lacks, in groups.
    let first = rounded(Double(base) * scale, to: groups)
    var rule = StrideRule(outputStride: outputStride, reached: 4)
    var blocks: [BlockLayout] = []
    var channels = stem
    for stage in ShuffleNetTable.stages {
      let outputs = first * stage.factor
      let bottleneck = rounded(Double(outputs) / Double(ShuffleNetTable.reduction), to: groups)
      for unit in 0..<stage.repeats {
        let (stride, dilation) = rule.next(unit == 0 ? 2 : 1)
        blocks.append(
          BlockLayout(
            index: blocks.count, inputs: channels, hasExpansion: true, expanded: bottleneck, outputs: outputs,
            stride: stride, dilation: dilation, outputStride: rule.reached,
            // The very first layer has too few input channels to be grouped (the paper's section 3.3).
            expansionGroups: blocks.isEmpty ? 1 : groups, projectionGroups: groups,
            join: unit == 0 ? .concatenation : .sum))
        channels = outputs
      }
    }
    return NetworkLayout(
      .shuffleNet, width: WidthMultiplier(scale), outputStride: outputStride, padding: padding, stemChannels: stem,
      blocks: blocks)
  }
}

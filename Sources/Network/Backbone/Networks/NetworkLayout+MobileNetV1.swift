import Tensors

/// One row of MobileNetV1's table: a 3x3 depthwise convolution and the 1x1 convolution behind it.
package struct MobileNetV1Row: Hashable, Sendable {
  /// Output channels at width 1.
  package let channels: Int
  /// The number of such layers.
  package let repeats: Int
  /// Stride of the first layer's depthwise convolution; the others have 1.
  package let stride: Int
}

/// MobileNetV1's layers at width 1.
///
/// Source: "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", table 1.
package enum MobileNetV1Table {
  /// Output channels of the first convolution, 3x3 with stride 2.
  package static let stemChannels = 32
  /// The 13 pairs of a depthwise and a 1x1 convolution.
  package static let rows = [
    MobileNetV1Row(channels: 64, repeats: 1, stride: 1),
    MobileNetV1Row(channels: 128, repeats: 2, stride: 2),
    MobileNetV1Row(channels: 256, repeats: 2, stride: 2),
    MobileNetV1Row(channels: 512, repeats: 6, stride: 2),
    MobileNetV1Row(channels: 1024, repeats: 2, stride: 2),
  ]
}

extension NetworkLayout {
  /// MobileNetV1: 13 blocks, each a depthwise and a 1x1 convolution, both with ReLU6.
  ///
  /// The resolution multiplier of its section 3.4 is the size of the input.
  ///
  /// - Parameters:
  ///   - width: the width multiplier of its section 3.3: 0.25, 0.5, 0.75 or 1.0 there, any number greater than 0 here.
  ///   - divisor: channels between blocks are multiples of this, at least 1.
  ///   - outputStride: 8, 16 or 32.
  public static func mobileNetV1(
    width: Double = 1, divisor: Int = 8, outputStride: Int = 32, padding: Padding = .same
  ) -> NetworkLayout {
    let multiplier = WidthMultiplier(width, divisor: divisor)
    var rule = StrideRule(outputStride: outputStride, reached: 2)
    var blocks: [BlockLayout] = []
    let stem = multiplier(MobileNetV1Table.stemChannels)
    var channels = stem
    for row in MobileNetV1Table.rows {
      for repeatIndex in 0..<row.repeats {
        let (stride, dilation) = rule.next(repeatIndex == 0 ? row.stride : 1)
        blocks.append(
          BlockLayout(
            index: blocks.count, inputs: channels, hasExpansion: false, expanded: channels,
            outputs: multiplier(row.channels), stride: stride, dilation: dilation, outputStride: rule.reached,
            join: .none))
        channels = multiplier(row.channels)
      }
    }
    return NetworkLayout(
      .mobileNetV1, width: multiplier, outputStride: outputStride, padding: padding, stemChannels: stem, blocks: blocks)
  }
}

/// One row of the paper's table: `repeats` bottlenecks whose first one has the stride.
package struct PaperRow: Hashable, Sendable {
  /// `t`: the expansion factor, the expanded channels over the input channels.
  package let expansion: Int
  /// `c`: output channels at width 1.
  package let channels: Int
  /// `n`: blocks.
  package let repeats: Int
  /// `s`: stride of the first block; the others have 1.
  package let stride: Int
}

/// MobileNetV2's layers at width 1.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2.
package enum PaperTable {
  /// Output channels of the first convolution, 3x3 with stride 2.
  package static let stemChannels = 32
  /// The bottlenecks: t, c, n, s.
  package static let bottlenecks = [
    PaperRow(expansion: 1, channels: 16, repeats: 1, stride: 1),
    PaperRow(expansion: 6, channels: 24, repeats: 2, stride: 2),
    PaperRow(expansion: 6, channels: 32, repeats: 3, stride: 2),
    PaperRow(expansion: 6, channels: 64, repeats: 4, stride: 2),
    PaperRow(expansion: 6, channels: 96, repeats: 3, stride: 1),
    PaperRow(expansion: 6, channels: 160, repeats: 3, stride: 2),
    PaperRow(expansion: 6, channels: 320, repeats: 1, stride: 1),
  ]
  /// Output channels of the last convolution, 1x1.
  package static let lastChannels = 1280
}

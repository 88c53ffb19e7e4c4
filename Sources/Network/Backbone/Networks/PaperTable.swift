/// One row of the paper's table: `repeats` bottlenecks whose first one has the stride.
public struct PaperRow: Hashable, Sendable {
  /// `t`: the expansion factor, the expanded channels over the input channels.
  public let expansion: Int
  /// `c`: output channels at width 1.
  public let channels: Int
  /// `n`: blocks.
  public let repeats: Int
  /// `s`: stride of the first block; the others have 1.
  public let stride: Int
}

/// MobileNetV2's layers at width 1.
///
/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2.
public enum PaperTable {
  /// Output channels of the first convolution, 3x3 with stride 2.
  public static let stemChannels = 32
  /// The bottlenecks: t, c, n, s.
  public static let bottlenecks = [
    PaperRow(expansion: 1, channels: 16, repeats: 1, stride: 1),
    PaperRow(expansion: 6, channels: 24, repeats: 2, stride: 2),
    PaperRow(expansion: 6, channels: 32, repeats: 3, stride: 2),
    PaperRow(expansion: 6, channels: 64, repeats: 4, stride: 2),
    PaperRow(expansion: 6, channels: 96, repeats: 3, stride: 1),
    PaperRow(expansion: 6, channels: 160, repeats: 3, stride: 2),
    PaperRow(expansion: 6, channels: 320, repeats: 1, stride: 1),
  ]
  /// Output channels of the last convolution, 1x1.
  public static let lastChannels = 1280
}

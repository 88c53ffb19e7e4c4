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

/// Source: "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2.
public enum PaperTable {
  /// conv2d 3x3, stride 2.
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
  /// conv2d 1x1.
  public static let lastChannels = 1280
}

/// A place in the network whose feature map can be handed out.
public enum Tap: Hashable, Sendable, LosslessStringConvertible {
  /// The first convolution's output.
  case stem
  /// The output of a block, from 0 on: thin and linear in MobileNetV2.
  case block(Int)
  /// The wide tensor inside a block of MobileNetV2, 1 ... 16, after its 1x1 expansion and ReLU6. Block 0 has none.
  case expansion(Int)
  /// The last 1x1 convolution's output.
  case last

  /// The tap of that name: `stem`, `block3`, `block13/expansion` or `last`.
  public init?(_ description: String) {
    let known = [Tap.stem, .last] + (0...16).flatMap { [Tap.block($0), .expansion($0)] }
    guard let tap = known.first(where: { $0.description == description && $0 != .expansion(0) }) else { return nil }
    self = tap
  }

  public var description: String {
    switch self {
    case .stem: return "stem"
    case .block(let index): return "block\(index)"
    case .expansion(let index): return "block\(index)/expansion"
    case .last: return "last"
    }
  }
}

/// What a tap hands out, before anything is computed.
public struct TapInfo: Hashable, Sendable {
  public let tap: Tap
  /// Channels of the map.
  public let channels: Int
  /// Input pixels between neighbouring map pixels, on both axes.
  public let stride: Int

  /// The tap's name.
  public var name: String { tap.description }
}

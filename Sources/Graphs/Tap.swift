/// The name of a value inside a network that can be handed out.
///
/// `stem`, `block5`, `block13/expansion`, `block13/depthwise` and `last` are those of the built-in networks; a network of
/// one's own has the names that its graph gives.
public struct Tap: Hashable, Sendable, CustomStringConvertible {
  public let name: String

  public init(_ name: String) { self.name = name }

  public var description: String { name }

  /// The first convolution's output.
  public static let stem = Tap("stem")
  /// The output of the last 1x1 convolution.
  public static let last = Tap("last")
  /// The output of a block, from 0 on: a linear bottleneck in MobileNetV2.
  public static func block(_ index: Int) -> Tap { Tap("block\(index)") }
  /// The expanded tensor of a block, behind its 1x1 expansion and the activation.
  public static func expansion(_ index: Int) -> Tap { Tap("block\(index)/expansion") }
  /// The output of a block's depthwise convolution.
  public static func depthwise(_ index: Int) -> Tap { Tap("block\(index)/depthwise") }
}

/// What a tap hands out, before anything is computed.
public struct TapInfo: Hashable, Sendable {
  public let tap: Tap
  /// Channels of the map.
  public let channels: Int
  /// Input pixels between neighbouring map pixels, on both axes.
  public let stride: Int

  /// The tap's name.
  public var name: String { tap.name }
}

/// The name of a value inside a network that can be an output of a run.
///
/// `stem`, `block5`, `block13/expansion`, `block13/depthwise` and `last` are taps of the built-in networks. A custom
/// network has the names of its graph.
public struct Tap: Hashable, Sendable, CustomStringConvertible {
  /// The name, unique in its network: 1 to 200 bytes of UTF-8.
  public let name: String

  /// Creates the tap of that name, whether or not a network has it.
  public init(_ name: String) { self.name = name }

  /// The name.
  public var description: String { name }

  /// The first convolution's output.
  public static let stem = Tap("stem")
  /// The output of the last 1x1 convolution.
  public static let last = Tap("last")
  /// The output of a block, from 0 on: a linear bottleneck in MobileNetV2.
  public static func block(_ index: Int) -> Tap { Tap("block\(index)") }
  /// The expanded tensor of a block: the output of its 1x1 expansion and activation.
  public static func expansion(_ index: Int) -> Tap { Tap("block\(index)/expansion") }
  /// The output of a block's depthwise convolution.
  public static func depthwise(_ index: Int) -> Tap { Tap("block\(index)/depthwise") }
}

/// The channels and the stride of a tap, known before a run.
public struct TapInfo: Hashable, Sendable {
  /// The tap that is described.
  public let tap: Tap
  /// Channels of the map.
  public let channels: Int
  /// Input pixels between neighbouring map pixels, on both axes.
  public let stride: Int

  /// The tap's name.
  public var name: String { tap.name }
}

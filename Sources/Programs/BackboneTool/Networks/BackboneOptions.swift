import ArgumentParser
import Backbone

extension NetworkFamily: ExpressibleByArgument {}
extension Ablation.Bottleneck: ExpressibleByArgument {}
extension Ablation.Shortcut: ExpressibleByArgument {}

/// The options that describe a backbone which is not loaded from a model.
struct BackboneOptions: ParsableArguments {
  @Option(
    name: .customLong("network"), help: ArgumentHelp("The backbone: \(BackboneOptions.families).", valueName: "name"))
  var family = NetworkFamily.mobileNetV2

  @Option(
    help: ArgumentHelp("Groups of ShuffleNet's 1x1 convolutions: 1, 2, 3, 4 or 8. (default: 3)", valueName: "count"))
  var groups: Int?

  @Option(
    help: ArgumentHelp(
      "For MobileNetV2: activation of the bottleneck, linear or relu6 (the paper's section 6.4).",
      valueName: "activation"))
  var bottleneck = Ablation.Bottleneck.linear

  @Option(
    help: ArgumentHelp(
      "For MobileNetV2: skip connections between bottlenecks, expansions or none (section 6.4).",
      valueName: "place"))
  var shortcut = Ablation.Shortcut.bottlenecks

  @Option(
    help: ArgumentHelp(
      "The width multiplier, for example 0.35, 0.5, 0.75, 1 or 1.4; ShuffleNet's scale. (default: 1)",
      valueName: "number")
  )
  var width: Double?

  @Option(
    help: ArgumentHelp(
      "Output stride: 8, 16 or 32. (default: 32; for deeplab and deeplab-aspp 16)",
      valueName: "number"))
  var outputStride: Int?

  static let families = NetworkFamily.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    if let groups, !NetworkFamily.shuffleNetGroups.contains(groups) {
      throw ValidationError("--groups \(groups): expected 1, 2, 3, 4 or 8")
    }
    if groups != nil, family != .shuffleNet {
      throw ValidationError("--groups is for --network shufflenet; \(family.rawValue) has none")
    }
    if bottleneck != .linear || shortcut != .bottlenecks, family != .mobileNetV2 {
      throw ValidationError("--bottleneck and --shortcut are for --network mobilenet-v2, not \(family.rawValue)")
    }
    if let width, !(width >= 0.05 && width <= 4) {
      throw ValidationError("--width \(width): expected a number from 0.05 to 4")
    }
    if let outputStride, ![8, 16, 32].contains(outputStride) {
      throw ValidationError("--output-stride \(outputStride): expected 8, 16 or 32")
    }
  }

  /// Whether all options have their defaults.
  var isUsual: Bool {
    family == .mobileNetV2 && groups == nil && bottleneck == .linear && shortcut == .bottlenecks && width == nil
      && outputStride == nil
  }

  /// The network's name with the options that differ, for reports: `mobilenet-v1 0.5`.
  var title: String {
    var title = "\(family.rawValue) \(width ?? 1)"
    if family == .shuffleNet { title += " g=\(groups ?? 3)" }
    if bottleneck != .linear { title += " bottleneck=\(bottleneck.rawValue)" }
    if shortcut != .bottlenecks { title += " shortcut=\(shortcut.rawValue)" }
    return title
  }

  func layout(usualStride: Int = 32, hasLastConvolution: Bool = true) -> NetworkLayout {
    let (width, stride) = (width ?? 1, outputStride ?? usualStride)
    switch family {
    case .mobileNetV2:
      return .mobileNetV2(
        width: width, outputStride: stride, hasLastConvolution: hasLastConvolution,
        ablation: Ablation(bottleneck: bottleneck, shortcut: shortcut))
    case .mobileNetV1: return .mobileNetV1(width: width, outputStride: stride)
    case .shuffleNet: return .shuffleNet(groups: groups ?? 3, scale: width, outputStride: stride)
    }
  }
}

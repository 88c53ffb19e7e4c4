import ArgumentParser
import Backbone
import CLISupport
import Vision

extension TaskNetwork.Task: ExpressibleByArgument {}

extension NetworkFamily: ExpressibleByArgument {}
extension Ablation.Bottleneck: ExpressibleByArgument {}
extension Ablation.Shortcut: ExpressibleByArgument {}

/// Which network is meant, where it is described and not loaded.
struct NetworkOptions: ParsableArguments {
  @Option(
    name: .customLong("network"), help: ArgumentHelp("The backbone: \(NetworkOptions.families).", valueName: "name"))
  var family = NetworkFamily.mobileNetV2

  @Option(
    help: ArgumentHelp("Groups of ShuffleNet's 1x1 convolutions: 1, 2, 3, 4 or 8. (default: 3)", valueName: "count"))
  var groups: Int?

  @Option(
    help: ArgumentHelp(
      "For MobileNetV2: what the thin end of a block passes through, linear or relu6 (the paper's section 6.4).",
      valueName: "activation"))
  var bottleneck = Ablation.Bottleneck.linear

  @Option(
    help: ArgumentHelp(
      "For MobileNetV2: what a block's shortcut joins, bottlenecks, expansions or none (section 6.4).",
      valueName: "place"))
  var shortcut = Ablation.Shortcut.bottlenecks

  @Option(
    help: ArgumentHelp(
      "Width and height of the input. (default: 224 for classify, 320 for ssdlite and ssd, 513 for deeplab and deeplab-aspp)",
      valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "The width multiplier, for example 0.35, 0.5, 0.75, 1 or 1.4; ShuffleNet's scale. (default: 1)",
      valueName: "number")
  )
  var width: Double?

  @Option(
    help: ArgumentHelp(
      "Pixels of the input between those of the deepest map: 8, 16 or 32. (default: 16 for deeplab and deeplab-aspp, else 32)",
      valueName: "number"))
  var outputStride: Int?

  @Option(
    help: ArgumentHelp(
      "Outputs, with the background where there is one. (default: 1001 for classify, 91 for ssdlite and ssd, 21 for the deeplabs)",
      valueName: "count"))
  var classes: Int?

  static let families = NetworkFamily.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    if let groups, !NetworkLayout.shuffleNetGroups.contains(groups) {
      throw ValidationError("--groups \(groups): expected 1, 2, 3, 4 or 8")
    }
    if groups != nil, family != .shuffleNet {
      throw ValidationError("--groups is for --network shufflenet; \(family.rawValue) has none")
    }
    if bottleneck != .linear || shortcut != .bottlenecks, family != .mobileNetV2 {
      throw ValidationError("--bottleneck and --shortcut are for --network mobilenet-v2, not \(family.rawValue)")
    }
    if let size { try checkInputSize(size) }
    if let width, !(width >= 0.05 && width <= 4) {
      throw ValidationError("--width \(width): expected a number from 0.05 to 4")
    }
    if let outputStride, ![8, 16, 32].contains(outputStride) {
      throw ValidationError("--output-stride \(outputStride): expected 8, 16 or 32")
    }
    if let classes, !(1...100_000).contains(classes) {
      throw ValidationError("--classes \(classes): expected a number from 1 to 100000")
    }
  }

  /// The network of a task, with random weights.
  func network(_ task: TaskNetwork.Task, compute: Compute) -> TaskNetwork {
    .random(task, on: layout(task), outputs: classes, compute: compute)
  }

  /// What is meant by a task's name, for the help.
  static let taskHelp = ArgumentHelp(
    "The network: classify, ssdlite, ssd (full 3x3 convolutions), deeplab (DeepLabV3-lite) or deeplab-aspp (with atrous spatial pyramid pooling)."
  )

  /// The backbone for a task.
  private func layout(_ task: TaskNetwork.Task) -> NetworkLayout {
    let stride = outputStride ?? task.usualOutputStride
    switch family {
    case .mobileNetV2:
      return .mobileNetV2(
        width: width ?? 1, outputStride: stride, hasLastConvolution: task.hasLastConvolution,
        ablation: Ablation(bottleneck: bottleneck, shortcut: shortcut))
    case .mobileNetV1: return .mobileNetV1(width: width ?? 1, outputStride: stride)
    case .shuffleNet: return .shuffleNet(groups: groups ?? 3, scale: width ?? 1, outputStride: stride)
    }
  }
}

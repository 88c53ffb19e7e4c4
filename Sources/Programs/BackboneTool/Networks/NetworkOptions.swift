import ArgumentParser
import Backbone
import CLISupport
import Graphs

/// The options that describe a network which is not loaded from a model.
struct NetworkOptions: ParsableArguments {
  @OptionGroup var backbone: BackboneOptions

  @Option(
    help: ArgumentHelp(
      "Input size. (default: 224 for classify, 320 for ssdlite and ssd, 513 for deeplab and deeplab-aspp)",
      valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp(
      "Outputs, including a background. (default: 1001 for classify, 91 for ssdlite and ssd, 21 for the deeplabs)",
      valueName: "count"))
  var classes: Int?

  func validate() throws {
    if let size { try checkInputSize(size) }
    if let classes, !(1...100_000).contains(classes) {
      throw ValidationError("--classes \(classes): expected a number from 1 to 100000")
    }
  }

  /// The graph of a task's network.
  func graph(_ task: NetworkTask) -> Graph {
    task.graph(
      on: backbone.layout(usualStride: task.usualOutputStride, hasLastConvolution: task.hasLastConvolution),
      outputs: classes ?? task.usualOutputs)
  }

  /// A task's network with random weights.
  func network(_ task: NetworkTask, session: Session) -> Network { .random(graph(task), on: session) }

  /// The help on the names of tasks.
  static let taskHelp = ArgumentHelp(
    """
    The network: classify, ssdlite, ssd (full 3x3 convolutions), deeplab (DeepLabV3-lite) or deeplab-aspp (with atrous \
    spatial pyramid pooling).
    """
  )
}

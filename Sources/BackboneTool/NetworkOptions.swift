import ArgumentParser
import Backbone
import CLISupport
import Vision

extension TaskNetwork.Task: ExpressibleByArgument {}

/// Which network is meant, where it is described and not loaded.
struct NetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Width and height of the input. (default: 224 for classify, 320 for ssdlite, 513 for deeplab)",
      valueName: "pixels"))
  var size: Int?

  @Option(
    help: ArgumentHelp("The width multiplier, for example 0.35, 0.5, 0.75, 1 or 1.4. (default: 1)", valueName: "number")
  )
  var width: Double?

  @Option(
    help: ArgumentHelp(
      "Pixels of the input between those of the deepest map: 8, 16 or 32. (default: 16 for deeplab, else 32)",
      valueName: "number"))
  var outputStride: Int?

  @Option(
    help: ArgumentHelp(
      "Outputs, with the background where there is one. (default: 1001 for classify, 91 for ssdlite, 21 for deeplab)",
      valueName: "count"))
  var classes: Int?

  func validate() throws {
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
    .random(task, width: width ?? 1, outputs: classes, outputStride: outputStride, compute: compute)
  }
}

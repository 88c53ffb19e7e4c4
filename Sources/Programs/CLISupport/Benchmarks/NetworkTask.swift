import ArgumentParser
import Backbone
import DeepLabLite
import Graphs
import SSDLite

/// The tasks of the paper's section 6, with the lite heads and the full heads that it compares them with.
public enum NetworkTask: String, Hashable, Sendable, CaseIterable, ExpressibleByArgument {
  case classify, ssdlite, ssd, deeplab
  case deeplabASPP = "deeplab-aspp"

  private var isSegmentation: Bool { self == .deeplab || self == .deeplabASPP }
  private var isDetection: Bool { self == .ssdlite || self == .ssd }

  /// The input size of the published figures.
  public var usualSize: Int { isSegmentation ? 513 : isDetection ? 320 : 224 }

  /// The number of outputs of the published networks, background included.
  public var usualOutputs: Int { isSegmentation ? 21 : isDetection ? 91 : 1001 }

  /// The output stride of the published networks.
  public var usualOutputStride: Int { isSegmentation ? 16 : 32 }

  /// Whether the published networks have MobileNetV2's last convolution.
  public var hasLastConvolution: Bool { !isSegmentation }

  /// A backbone with the task's head.
  public func graph(on layout: NetworkLayout, outputs: Int, isNormalised: Bool = false) -> Graph {
    var graph = layout.graph
    do {
      switch self {
      case .classify: graph.classifier(outputs: outputs)
      case .ssdlite, .ssd:
        try graph.ssdlite(
          outputs: outputs, width: layout.width.value, self == .ssd ? .full : .separable, isNormalised: isNormalised)
      case .deeplab, .deeplabASPP:
        try graph.deepLabLite(outputs: outputs, self == .deeplab ? .lite : .aspp, isNormalised: isNormalised)
      }
    } catch { preconditionFailure("the heads fit every backbone: \(error)") }
    return graph
  }
}

import Backbone
import DeepLabLite
import Graphs
import ModelFiles
import SSDLite

/// The layers of a MobileNetV2 or a MobileNetV1 in files, derived from the network's graph.
package struct BackbonePlan: Hashable, Sendable {
  /// The layout at output stride 32, including the last convolution.
  package let layout: NetworkLayout

  package init(_ network: NetworkFamily = .mobileNetV2, width: Double, divisor: Int = 8) {
    layout = BackbonePlan.layout(network, width, divisor, outputStride: 32)
  }

  private static func layout(
    _ network: NetworkFamily, _ width: Double, _ divisor: Int, outputStride: Int
  ) -> NetworkLayout {
    switch network {
    case .mobileNetV2: return .mobileNetV2(width: width, divisor: divisor, outputStride: outputStride)
    case .mobileNetV1: return .mobileNetV1(width: width, divisor: divisor, outputStride: outputStride)
    case .shuffleNet: preconditionFailure("no checkpoints of \(network.rawValue) are known")
    }
  }

  package var network: NetworkFamily { layout.family }
  package var width: Double { layout.width.value }
  package var divisor: Int { layout.width.divisor }
  package var blocks: [BlockLayout] { layout.blocks }
  /// The channels of the deepest map: of MobileNetV2's last 1x1 convolution, or of MobileNetV1's last block.
  package var last: Int { layout.lastChannels ?? blocks.last!.outputs }

  package func layers(last hasLast: Bool) -> [PlannedLayer] {
    PlannedLayer.all(of: layout.graph).filter { hasLast || $0.id != .last }
  }

  /// Stride and dilation of each block's depthwise convolution at an output stride; those of 32 where there is no such
  /// network.
  package func strides(outputStride: Int) -> [(stride: Int, dilation: Int)] {
    let known = [8, 16].contains(outputStride) ? outputStride : 32
    return BackbonePlan.layout(network, width, divisor, outputStride: known).blocks.map { ($0.stride, $0.dilation) }
  }

  /// The network whose widths agree with most of the observed ones.
  ///
  /// - Parameter observed: output channels by layer.
  static func best(_ network: NetworkFamily, for observed: [LayerID: Int]) -> BackbonePlan {
    let usual = [1.0, 0.5, 0.35, 0.75, 1.4, 1.3, 0.25, 0.1]
    let others = (2...80).map { Double($0) / 20 }
    var best = BackbonePlan(network, width: 1)
    var bestCount = -1
    for divisor in [8, 1] {
      for width in usual + others where bestCount < observed.count {
        let plan = BackbonePlan(network, width: width, divisor: divisor)
        let count = plan.layers(last: true).count { observed[$0.id] == $0.outputs }
        if count > bestCount { (best, bestCount) = (plan, count) }
      }
    }
    return best
  }
}

/// The layers of the heads in files, derived from the heads' graphs.
enum HeadPlan {
  static func ssdlite(_ backbone: BackbonePlan, outputs: Int) -> [PlannedLayer] {
    head(of: backbone) { (graph) throws(GraphError) in try graph.ssdlite(outputs: outputs, width: backbone.width) }
  }

  /// The scale and aspect ratio of each default box of a detector's map.
  static func boxes(map: Int, _ minimumScale: Float, _ maximumScale: Float) -> [(scale: Float, ratio: Float)] {
    DefaultBoxes.shapes(
      map: map, of: SSDLite.maps, minimumScale: minimumScale, maximumScale: maximumScale)
  }

  static func deepLab(_ backbone: BackbonePlan, outputs: Int) -> [PlannedLayer] {
    head(of: backbone) { (graph) throws(GraphError) in try graph.deepLabLite(outputs: outputs) }
  }

  /// The layers that a head appends to the graph.
  private static func head(
    of backbone: BackbonePlan, _ append: (inout Graph) throws(GraphError) -> Void
  ) -> [PlannedLayer] {
    var graph = backbone.layout.graph
    let count = graph.convolutions.count
    do { try append(&graph) } catch { preconditionFailure("every head fits MobileNet: \(error)") }
    return Array(PlannedLayer.all(of: graph).dropFirst(count))
  }
}

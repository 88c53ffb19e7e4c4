@_exported import Backbone
import Graphs
import ModelFiles

/// SSDLite, as the TensorFlow Object Detection API builds it, and SSD with full convolutions.
///
/// Two predictors read each of six maps. These are the backbone's deepest map at the next finer stride (in MobileNetV2
/// the expanded tensor of the block with the stride), its deepest map of all, and those of four extra layers. SSD's
/// predictors are full 3x3 convolutions, and so is the second one of each extra layer; SSDLite has separable ones in
/// both places. Source: paper, section 6.2; its table 5 counts the layers behind the backbone, with full convolutions
/// in both.
public enum SSDLite {
  /// Output channels of the extra layers at width 1; each is preceded by a reduction to half of that.
  private static let extraChannels = [512, 256, 256, 128]
  /// The number of the predictors' maps: two of the backbone's and the extra layers'.
  public static var maps: Int { 2 + extraChannels.count }

  /// Channels of an extra layer: between its convolutions, and of its map.
  package struct ExtraWidths: Hashable, Sendable {
    package let reduced, outputs: Int
  }

  /// The extra layers at a width multiplier: rounded down to whole channels, at least 16.
  package static func extraLayers(width: Double) -> [ExtraWidths] {
    func channels(_ full: Int) -> Int { max(Int(Double(full) * width), 16) }
    return extraChannels.map { ExtraWidths(reduced: channels($0 / 2), outputs: channels($0)) }
  }

  /// The taps of the backbone's maps with predictors.
  static func taps(_ graph: Graph) throws(GraphError) -> [Tap] {
    let taps = graph.taps
    let deepest = taps.last!
    guard let finer = taps.last(where: { $0.stride < deepest.stride }) else {
      throw .noSuchTap(name: "with a stride below \(deepest.stride)", known: taps.map(\.name))
    }
    return [finer.tap, deepest.tap]
  }
}

extension Graph {
  /// Appends SSDLite's or SSD's head to a backbone: for each map, shallow to deep, an output of box codes
  /// `[H, W, boxes · 4]` and one of class logits `[H, W, boxes · outputs]`.
  ///
  /// The tensors are `ssdlite.*`, or `ssd.*` with full convolutions.
  ///
  /// - Parameters:
  ///   - outputs: classes, the background included.
  ///   - width: the width multiplier of the extra layers.
  ///   - isNormalised: whether the layers before the last ones are trained with batch norm.
  /// - Throws: `GraphError.noSuchTap` where all taps have the same stride.
  public mutating func ssdlite(
    outputs: Int, width: Double = 1, _ convolutions: DetectionCard.Convolutions = .separable, isNormalised: Bool = false
  ) throws(GraphError) {
    let padding = padding
    let head = convolutions == .full ? "ssd" : "ssdlite"
    /// A 3x3 convolution, full or separable.
    func convolution(
      _ graph: inout Graph, _ name: String, _ x: Value, outputs: Int, stride: Int, _ last: String,
      _ activation: Activation, isNormalised: Bool, isInnerNormalised: Bool
    ) -> Value {
      guard convolutions == .separable else {
        return graph.convolution(
          last == "pointwise" ? name : "\(name).\(last)", x, outputs: outputs,
          window: Window(3, 3, stride: stride, padding: padding), activation, isNormalised: isNormalised)
      }
      let filtered = graph.depthwise(
        "\(name).depthwise", x, stride: stride, padding: padding, .relu6, isNormalised: isInnerNormalised)
      return graph.pointwise("\(name).\(last)", filtered, outputs: outputs, activation, isNormalised: isNormalised)
    }
    var maps: [Value] = []
    for tap in try SSDLite.taps(self) { maps.append(try value(of: tap)) }
    for (index, widths) in SSDLite.extraLayers(width: width).enumerated() {
      let name = "\(head).extra\(index)"
      let half = pointwise("\(name).reduce", maps.last!, outputs: widths.reduced, .relu6, isNormalised: isNormalised)
      maps.append(
        convolution(
          &self, name, half, outputs: widths.outputs, stride: 2, "expand", .relu6, isNormalised: isNormalised,
          isInnerNormalised: isNormalised))
    }
    for (index, map) in maps.enumerated() {
      for (kind, values) in [("box", 4), ("class", outputs)] {
        output(
          convolution(
            &self, "\(head).predictor\(index).\(kind)", map, outputs: DefaultBoxes.count(map: index) * values,
            stride: 1,
            "pointwise", .linear, isNormalised: false, isInnerNormalised: isNormalised))
      }
    }
  }
}

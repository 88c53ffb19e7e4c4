@_exported import Backbone
import Graphs
import ModelFiles

/// DeepLabV3's head: branches over the deepest map, concatenated and projected to class logits.
///
/// The lite head has two branches, image pooling and a 1x1 convolution; with atrous spatial pyramid pooling there are
/// three more, 3x3 convolutions with dilations far apart.
/// Source: paper, section 6.3 and table 7; "Rethinking Atrous Convolution for Semantic Image Segmentation", section
/// 3.3.
public enum DeepLabLite {
  /// Channels of each branch and of the projection.
  package static let branchChannels = 256

  /// The dilations: 6, 12, 18 at output stride 16 and doubled at 8, as the paper has them; halved at 32.
  package static func atrousRates(outputStride: Int) -> [Int] { [6, 12, 18].map { max($0 * 16 / outputStride, 1) } }
}

extension Graph {
  /// Appends DeepLabV3's head to a backbone: an output of class logits at the deepest map's size.
  ///
  /// The tensors are `deeplab.{pooling,aspp,projection,logits}` and `deeplab.atrous{1,2,3}`.
  ///
  /// - Parameters:
  ///   - outputs: classes, the background included.
  ///   - isNormalised: whether the layers before the last one are trained with batch norm.
  /// - Throws: `GraphError`.
  public mutating func deepLabLite(
    outputs: Int, _ branches: SegmentationCard.Branches = .lite, isNormalised: Bool = false
  ) throws(GraphError) {
    let deepest = deepest
    let map = try value(of: deepest.tap)
    let (channels, padding) = (DeepLabLite.branchChannels, padding)
    var parts = [
      pointwise("deeplab.pooling", globalPooling(map), outputs: channels, .relu, isNormalised: isNormalised),
      pointwise("deeplab.aspp", map, outputs: channels, .relu, isNormalised: isNormalised),
    ]
    if branches == .aspp {
      for (index, rate) in DeepLabLite.atrousRates(outputStride: deepest.stride).enumerated() {
        parts.append(
          convolution(
            "deeplab.atrous\(index + 1)", map, outputs: channels,
            window: Window(3, 3, dilation: rate, padding: padding),
            .relu, isNormalised: isNormalised))
      }
    }
    let projected = pointwise(
      "deeplab.projection", concatenation(parts), outputs: channels, .relu, isNormalised: isNormalised)
    output(pointwise("deeplab.logits", projected, outputs: outputs, .linear, isNormalised: false))
  }
}

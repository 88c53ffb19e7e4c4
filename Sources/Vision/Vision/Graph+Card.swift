import Backbone
import DeepLabLite
import Graphs
import ModelFiles
import PyramidLite
import SSDLite

extension Graph {
  /// The whole network that a card describes: its backbone and its head.
  ///
  /// - Throws: `BackboneError` where the head does not fit the backbone.
  public init(_ card: ModelCard) throws(BackboneError) {
    try self.init(card.backbone)
    try appendHead(of: card)
  }

  /// Appends the head that a card describes to its backbone.
  ///
  /// - Throws: `BackboneError` where the head does not fit.
  mutating func appendHead(of card: ModelCard) throws(BackboneError) {
    do throws(GraphError) {
      switch card.task {
      case .detect:
        guard let detection = card.detection else { return }
        try ssdlite(
          outputs: detection.outputs, width: card.backbone.widthMultiplier, detection.convolutions ?? .separable)
      case .segment:
        guard let segmentation = card.segmentation else { return }
        if let layers = segmentation.layers {
          let made = try append(layers)
          let channels = layers.outputs.map { made[$0].channels }
          guard channels == [segmentation.outputs] else {
            throw GraphError.unusableLayer(
              place: layers.outputs.first ?? 0,
              reason: "has \(channels) channels, expected \(segmentation.outputs), one for each class")
          }
        } else if let pyramid = segmentation.pyramid {
          try self.pyramid(outputs: segmentation.outputs, pyramid)
        } else {
          try deepLabLite(outputs: segmentation.outputs, segmentation.branches ?? .lite)
        }
      case .classify: if let outputs = card.classifierOutputs { classifier(outputs: outputs) }
      case .features: break
      }
    } catch { throw BackboneError(error) }
  }
}

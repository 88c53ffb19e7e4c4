import Backbone
import DeepLabLite
import SSDLite
import TestSupport
import Testing

/// The heads' costs and the MobileNetV2 paper's figures.
@Suite struct CostTests {
  private func total(_ costs: [LayerCost]) -> (parameters: Int, multiplyAdds: Int) {
    (costs.reduce(0) { $0 + $1.parameters }, costs.reduce(0) { $0 + $1.multiplyAdds })
  }

  private func detector(_ convolutions: DetectionCard.Convolutions) throws -> (parameters: Int, multiplyAdds: Int) {
    let backbone = NetworkLayout.mobileNetV2().graph
    var graph = backbone
    try graph.ssdlite(outputs: 81, convolutions)
    let parameters = graph.parameters.dropFirst(backbone.parameters.count)
    let costs = Array(graph.costs(height: 320, width: 320).dropFirst(backbone.convolutions.count))
    #expect(total(costs).parameters == parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
    return total(costs)
  }

  /// Table 5 counts the layers behind the backbone for 80 classes.
  ///
  /// SSD has 14.8 M parameters and 1.25 G multiply-adds with full convolutions in predictors and extra layers; SSDLite
  /// has 2.1 M parameters.
  @Test func detectorsAreTable5() throws {
    let (ssd, lite) = (try detector(.full), try detector(.separable))
    print("SSD \(ssd), SSDLite \(lite)")
    #expect(abs(Double(ssd.parameters) / 1e6 - 14.8) < 0.05)
    #expect(abs(Double(ssd.multiplyAdds) / 1e9 - 1.25) < 0.015)
    #expect(abs(Double(lite.parameters) / 1e6 - 2.1) < 0.05)
  }

  private func segmenter(_ branches: SegmentationCard.Branches) throws -> (parameters: Int, multiplyAdds: Int) {
    var graph = NetworkLayout.mobileNetV2(outputStride: 16, hasLastConvolution: false).graph
    try graph.deepLabLite(outputs: 21, branches)
    let costs = graph.costs(height: 513, width: 513)
    #expect(total(costs).parameters == graph.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
    return total(costs)
  }

  /// Table 7, output stride 16: 4.52 M parameters with atrous spatial pyramid pooling, 2.11 M without.
  @Test func segmentersAreTable7() throws {
    let (aspp, lite) = (try segmenter(.aspp), try segmenter(.lite))
    print("with ASPP \(aspp), without \(lite)")
    #expect(abs(Double(aspp.parameters) / 1e6 - 4.52) < 0.03)
    #expect(abs(Double(lite.parameters) / 1e6 - 2.11) < 0.03)
  }
}

import Backbone
import DeepLabLite
import SSDLite
import TestSupport
import Testing

/// The heads' sizes beside the MobileNetV2 paper's figures.
@Suite struct CostTests {
  private func total(_ costs: [LayerCost]) -> (parameters: Int, multiplyAdds: Int) {
    (costs.reduce(0) { $0 + $1.parameters }, costs.reduce(0) { $0 + $1.multiplyAdds })
  }

  private func detector(_ convolutions: DetectionCard.Convolutions) throws -> (parameters: Int, multiplyAdds: Int) {
    let layout = NetworkLayout.mobileNetV2()
    let parameters = SSDLiteHead.parameters(outputs: 81, layout: layout, convolutions)
    let weights = Weights.random(layout.parameters + parameters)
    let head = try SSDLiteHead(.test(81, convolutions), on: try Network(layout, weights: weights), weights: weights)
    let costs = head.costs(on: head.taps.map { layout.shape(of: $0, height: 320, width: 320) })
    #expect(total(costs).parameters == parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
    return total(costs)
  }

  /// Table 5 for 80 classes counts what lies behind the backbone: SSD has 14.8 M parameters and 1.25 G multiply-adds with full
  /// convolutions in predictors and extra layers, SSDLite 2.1 M parameters.
  @Test func detectorsAreTable5() throws {
    let (ssd, lite) = (try detector(.full), try detector(.separable))
    print("SSD \(ssd), SSDLite \(lite)")
    #expect(abs(Double(ssd.parameters) / 1e6 - 14.8) < 0.05)
    #expect(abs(Double(ssd.multiplyAdds) / 1e9 - 1.25) < 0.015)
    #expect(abs(Double(lite.parameters) / 1e6 - 2.1) < 0.05)
  }

  private func segmenter(_ branches: SegmentationCard.Branches) throws -> (parameters: Int, multiplyAdds: Int) {
    let layout = NetworkLayout.mobileNetV2(outputStride: 16, hasLastConvolution: false)
    let parameters = DeepLabLiteHead.parameters(outputs: 21, layout: layout, branches)
    let weights = Weights.random(layout.parameters + parameters)
    let head = try DeepLabLiteHead(.test(21, branches), on: try Network(layout, weights: weights), weights: weights)
    let own = head.costs(on: layout.shape(of: head.taps[0], height: 513, width: 513))
    #expect(total(own).parameters == parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
    return total(layout.costs(height: 513, width: 513) + own)
  }

  /// Table 7, output stride 16: 4.52 M parameters with atrous spatial pyramid pooling, 2.11 M without.
  @Test func segmentersAreTable7() throws {
    let (aspp, lite) = (try segmenter(.aspp), try segmenter(.lite))
    print("with ASPP \(aspp), without \(lite)")
    #expect(abs(Double(aspp.parameters) / 1e6 - 4.52) < 0.03)
    #expect(abs(Double(lite.parameters) / 1e6 - 2.11) < 0.03)
  }
}

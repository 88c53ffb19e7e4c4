@_exported import HeadKit
import Backbone
import Kernels
import ModelFiles
import Tensors

/// SSDLite, as the TensorFlow Object Detection API builds it, and SSD, where the card asks for full convolutions.
///
/// Six maps: the backbone's deepest at stride 16 (of MobileNetV2 the expansion of the block that leaves it), the deepest of
/// all, and four extra layers, each with two predictors. SSD's predictors are full 3x3 convolutions, and so is the second one
/// of each extra layer; SSDLite has separable ones in both places. Source: paper, section 6.2; its table 5 counts what lies
/// behind the backbone, with full convolutions in both.
public final class SSDLiteHead: Head {
  /// Output channels of the extra layers at width 1; each is reduced to half of that before.
  private static let extraChannels = [512, 256, 256, 128]
  /// Maps that boxes are predicted from: two of the backbone's and the extra layers'.
  public static var maps: Int { 2 + extraChannels.count }

  public let taps: [Tap]
  public let card: DetectionCard
  private let extras: [ExtraLayer]
  /// Of each map.
  private let predictors: [MapPredictors]

  /// Takes the weights `ssdlite.*`, or `ssd.*` where the card asks for full convolutions.
  ///
  /// - Throws: `BackboneError` when the backbone lacks a tap or a tensor is missing.
  public init(_ card: DetectionCard, on backbone: any Backbone, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let padding = backbone.layout.padding
    self.card = card
    taps = SSDLiteHead.taps(backbone.layout)
    var channels: [Int] = []
    for tap in taps { channels.append(try backbone.info(tap).channels) }
    let widths = SSDLiteHead.extraLayers(width: backbone.layout.width.value)
    let pyramid = channels + widths.map(\.outputs)
    let firstExtra = channels.count
    let convolutions = card.convolutions ?? .separable
    let name = SSDLiteHead.name(convolutions)
    do throws(WeightsError) {
      extras = try compute.pool.map(widths.count) { (index) throws(WeightsError) in
        try ExtraLayer(
          convolutions, "\(name).extra\(index)", inputs: pyramid[firstExtra + index - 1],
          widths[index], padding: padding, weights: weights, compute: compute)
      }
      predictors = try compute.pool.map(pyramid.count) { (index) throws(WeightsError) in
        try MapPredictors(
          convolutions, "\(name).predictor\(index)", inputs: pyramid[index], boxes: DefaultBoxes.count(map: index),
          outputs: card.outputs, padding: padding, weights: weights, compute: compute)
      }
    } catch { throw .weights(error) }
  }

  /// Box codes and class logits of every default box; the batch must be 1.
  public func callAsFunction(_ maps: FeatureMaps) -> BoxLogits { self(maps, observer: nil) }

  /// The same, telling an observer when each map has been predicted from.
  package func callAsFunction(_ maps: FeatureMaps, observer: ((_ map: Int) -> Void)?) -> BoxLogits {
    let shapes = pyramid(taps.map { maps[$0].shape })
    var logits = BoxLogits(outputs: card.outputs, maps: shapes.map { ($0.height, $0.width) })
    var deepest: FeatureVector? = nil
    for index in shapes.indices {
      func predict(_ map: borrowing Tensor) {
        unsafe logits.fill(index) { codes, classes in unsafe predictors[index].run(map, codes: codes, logits: classes) }
        observer?(index)
      }
      guard index >= taps.count else {
        predict(maps[taps[index]].tensor)
        continue
      }
      let extra = extras[index - taps.count]
      let next = FeatureVector(deepest.map { extra($0.tensor) } ?? extra(maps[taps.last!].tensor))
      predict(next.tensor)
      deepest = next
    }
    return logits
  }

  /// The shapes of all maps that are predicted from, given those of the taps' maps.
  package func pyramid(_ shapes: [Shape]) -> [Shape] {
    extras.reduce(into: shapes) { shapes, extra in shapes.append(extra.output(of: shapes.last!)) }
  }

  static func taps(_ layout: NetworkLayout) -> [Tap] {
    // The deepest map of all, and the deepest one at the next finer stride: in MobileNetV2 that is the wide tensor of the
    // block where the map halves for the last time.
    let taps = layout.taps
    let deepest = taps.last!
    return [taps.last { $0.stride < deepest.stride }!.tap, deepest.tap]
  }

  /// Channels of an extra layer: between its convolutions, and of its map.
  package struct ExtraWidths: Hashable, Sendable {
    package let reduced, outputs: Int
  }

  /// The extra layers at a width multiplier: whole channels, cut and not rounded, and at least 16.
  package static func extraLayers(width: Double) -> [ExtraWidths] {
    func channels(_ full: Int) -> Int { max(Int(Double(full) * width), 16) }
    return extraChannels.map { ExtraWidths(reduced: channels($0 / 2), outputs: channels($0)) }
  }

  /// What the head's tensors and layers are called.
  static func name(_ convolutions: DetectionCard.Convolutions) -> String { convolutions == .full ? "ssd" : "ssdlite" }

  /// The tensors it needs.
  public static func parameters(
    outputs: Int, layout: NetworkLayout, _ convolutions: DetectionCard.Convolutions = .separable
  ) -> [ParameterInfo] {
    let name = name(convolutions)
    var channels = taps(layout).map { tap in layout.taps.first { $0.tap == tap }!.channels }
    var list: [ParameterInfo] = []
    for (index, widths) in extraLayers(width: layout.width.value).enumerated() {
      list += ExtraLayer.parameters(convolutions, "\(name).extra\(index)", inputs: channels.last!, widths)
      channels.append(widths.outputs)
    }
    for (index, inputs) in channels.enumerated() {
      list += MapPredictors.parameters(
        convolutions, "\(name).predictor\(index)", inputs: inputs, boxes: DefaultBoxes.count(map: index),
        outputs: outputs)
    }
    return list
  }

  /// What each layer costs, given the shapes of the taps' maps.
  public func costs(on shapes: [Shape]) -> [LayerCost] {
    let name = SSDLiteHead.name(card.convolutions ?? .separable)
    let pyramid = pyramid(shapes)
    return extras.enumerated().flatMap { index, extra in
      extra.costs("\(name)/extra\(index)", on: pyramid[taps.count + index - 1])
    }
      + zip(pyramid.indices, zip(pyramid, predictors)).flatMap { index, one in
        one.1.costs("\(name)/predictor\(index)", on: one.0)
      }
  }

  /// Multiply-adds of the plain network that are not done for each map, since their taps lie outside it.
  package func sparedMultiplyAdds(on shapes: [Shape]) -> [Int] {
    let pyramid = pyramid(shapes)
    return zip(pyramid.indices, predictors).map { index, predictor in
      let extra = index - taps.count
      return predictor.sparedMultiplyAdds(on: pyramid[index])
        + (extra < 0 ? 0 : extras[extra].sparedMultiplyAdds(on: pyramid[index - 1]))
    }
  }
}

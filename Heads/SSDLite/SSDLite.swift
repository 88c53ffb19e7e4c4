@_exported import HeadKit
import Backbone
import Kernels
import ModelFiles
import Tensors

/// SSDLite, as the TensorFlow Object Detection API builds it.
///
/// Six maps: the backbone's deepest at stride 16 (of MobileNetV2 the expansion of the block that leaves it), the deepest of
/// all, and four extra layers, each with two separable predictors. Source: paper, section 6.2.
public final class SSDLiteHead: Head {
  /// Output channels of the extra layers at width 1; each is reduced by half in between.
  static let extraChannels = [512, 256, 256, 128]

  public let taps: [Tap]
  public let card: DetectionCard
  private let extras: [ExtraLayer]
  /// Of each map, the predictors of boxes and of classes, which share a pass.
  private let predictors: [FusedLayer]

  /// Takes the weights `ssdlite.*`.
  ///
  /// - Throws: `BackboneError` when the backbone lacks a tap or a tensor is missing.
  public init(_ card: DetectionCard, on backbone: any Backbone, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let padding = backbone.layout.padding
    self.card = card
    taps = SSDLiteHead.taps(backbone.layout)
    var channels: [Int] = []
    for tap in taps { channels.append(try backbone.info(tap).channels) }
    let extraChannels = SSDLiteHead.extraChannels(backbone.layout)
    let pyramid = channels + extraChannels
    let firstExtra = channels.count
    do throws(WeightsError) {
      extras = try compute.pool.map(extraChannels.count) { (index) throws(WeightsError) in
        try ExtraLayer(
          "ssdlite.extra\(index)", inputs: pyramid[firstExtra + index - 1], outputs: extraChannels[index],
          padding: padding, weights: weights, compute: compute)
      }
      predictors = try compute.pool.map(pyramid.count) { (index) throws(WeightsError) in
        let branches = try [("box", 4), ("class", card.outputs)].map { (kind, values) throws(WeightsError) in
          try SeparablePredictor.branch(
            "ssdlite.predictor\(index).\(kind)", inputs: pyramid[index],
            outputs: DefaultBoxes.count(map: index) * values, weights: weights, compute: compute)
        }
        return FusedLayer(
          FusedBlock(compute.kernels, source: .map(channels: pyramid[index]), branches: branches), padding: padding,
          compute: compute)
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
        unsafe logits.fill(index) { codes, classes in unsafe predictors[index].run(map, first: codes, second: classes) }
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

  /// The shapes of all maps, given those of the taps.
  private func pyramid(_ shapes: [Shape]) -> [Shape] {
    extras.reduce(into: shapes) { shapes, extra in shapes.append(extra.output(of: shapes.last!)) }
  }

  static func taps(_ layout: NetworkLayout) -> [Tap] {
    // The deepest map of all, and the deepest one at the next finer stride: in MobileNetV2 that is the wide tensor of the
    // block where the map halves for the last time.
    let taps = layout.taps
    let deepest = taps.last!
    return [taps.last { $0.stride < deepest.stride }!.tap, deepest.tap]
  }

  static func extraChannels(_ layout: NetworkLayout) -> [Int] {
    extraChannels.map { max(Int(Double($0) * layout.width.value), 16) }
  }

  /// The tensors it needs.
  public static func parameters(outputs: Int, layout: NetworkLayout) -> [ParameterInfo] {
    let taps = taps(layout)
    var channels = taps.map { tap in layout.taps.first { $0.tap == tap }!.channels }
    var list: [ParameterInfo] = []
    for (index, width) in extraChannels(layout).enumerated() {
      list += ExtraLayer.parameters("ssdlite.extra\(index)", inputs: channels.last!, outputs: width)
      channels.append(width)
    }
    for (index, inputs) in channels.enumerated() {
      let count = DefaultBoxes.count(map: index)
      list += SeparablePredictor.parameters("ssdlite.predictor\(index).box", inputs: inputs, outputs: count * 4)
      list += SeparablePredictor.parameters("ssdlite.predictor\(index).class", inputs: inputs, outputs: count * outputs)
    }
    return list
  }

  /// What each layer costs, given the shapes of the taps' maps.
  public func costs(on shapes: [Shape]) -> [LayerCost] {
    let pyramid = pyramid(shapes)
    var costs: [LayerCost] = []
    for (index, extra) in extras.enumerated() {
      costs += extra.costs("ssdlite/extra\(index)", on: pyramid[taps.count + index - 1])
    }
    for (index, shape) in pyramid.enumerated() {
      for (kind, branch) in zip(["box", "class"], predictors[index].block.branches) {
        costs += SeparablePredictor.costs("ssdlite/predictor\(index)/\(kind)", outputs: branch.outputs, on: shape)
      }
    }
    return costs
  }
}

/// A layer that halves the map once more: reduce 1x1, depthwise 3x3 with stride 2, expand 1x1, each with ReLU6.
final class ExtraLayer: Sendable {
  private let layer: FusedLayer

  init(_ name: String, inputs: Int, outputs: Int, padding: Padding, weights: Weights, compute: Compute)
    throws(WeightsError)
  {
    let half = outputs / 2
    let pack = LayerPacker(weights: weights, kernels: compute.kernels)
    let reduce = try pack.pointwise("\(name).reduce", inputs: inputs, outputs: half, .relu6, wholeVectors: true)
    let branch = FusedBlock.Branch(
      depthwise: try pack.depthwise("\(name).depthwise", channels: half, .relu6),
      project: try pack.pointwise("\(name).expand", inputs: half, outputs: outputs, .relu6))
    layer = FusedLayer(
      FusedBlock(compute.kernels, source: .pointwise(reduce), branches: [branch]), stride: 2, padding: padding,
      compute: compute)
  }

  func callAsFunction(_ x: borrowing Tensor) -> Tensor { layer(x) }

  func output(of shape: Shape) -> Shape { layer.output(of: shape) }

  func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    let (half, output) = (layer.block.source.channels, output(of: shape))
    return [
      .convolution("\(name)/reduce", inputs: shape.channels, output: shape.with(channels: half)),
      .depthwise("\(name)/depthwise", output: output.with(channels: half)),
      .convolution("\(name)/expand", inputs: half, output: output),
    ]
  }

  static func parameters(_ name: String, inputs: Int, outputs: Int) -> [ParameterInfo] {
    let half = outputs / 2
    return [
      ("reduce", [inputs, half]), ("depthwise", [3, 3, half]), ("expand", [half, outputs]),
    ].flatMap { layer, shape in
      [
        ParameterInfo(name: "\(name).\(layer).weight", shape: shape),
        ParameterInfo(name: "\(name).\(layer).bias", shape: [shape.last!]),
      ]
    }
  }
}

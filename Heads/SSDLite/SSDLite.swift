@_exported import HeadKit
import Backbone
import Kernels
import ModelFiles
import Tensors

/// SSDLite on MobileNetV2, as the TensorFlow Object Detection API builds it.
///
/// Six maps: the expansion of the block that leaves stride 16, the last convolution, and four extra layers, each with two
/// separable predictors. Source: paper, section 6.2.
public final class SSDLiteHead: Head {
  /// Output channels of the extra layers at width 1; each is reduced by half in between.
  static let extraChannels = [512, 256, 256, 128]

  public let taps: [Tap]
  public let card: DetectionCard
  private let extras: [ExtraLayer]
  private let boxes: [SeparablePredictor]
  private let classes: [SeparablePredictor]

  /// Takes the weights `ssdlite.*`.
  ///
  /// - Throws: `BackboneError` when the backbone lacks a tap or a tensor is missing.
  public init(_ card: DetectionCard, on backbone: MobileNetV2, weights: Weights) throws(BackboneError) {
    let compute = backbone.compute
    let padding = backbone.layout.padding
    self.card = card
    taps = SSDLiteHead.taps(backbone.layout)
    var channels: [Int] = []
    for tap in taps { channels.append(try backbone.info(tap).channels) }
    let extraChannels = SSDLiteHead.extraChannels(backbone.layout)
    let pyramid = channels + extraChannels
    let firstExtra = channels.count
    func predictor(_ index: Int, _ kind: String, _ values: Int) throws(WeightsError) -> SeparablePredictor {
      try SeparablePredictor(
        "ssdlite.predictor\(index).\(kind)", inputs: pyramid[index], outputs: DefaultBoxes.count(map: index) * values,
        padding: padding, weights: weights, compute: compute)
    }
    do throws(WeightsError) {
      extras = try compute.pool.map(extraChannels.count) { (index) throws(WeightsError) in
        try ExtraLayer(
          "ssdlite.extra\(index)", inputs: pyramid[firstExtra + index - 1], outputs: extraChannels[index],
          padding: padding, weights: weights, compute: compute)
      }
      boxes = try compute.pool.map(pyramid.count) { (index) throws(WeightsError) in try predictor(index, "box", 4) }
      classes = try compute.pool.map(pyramid.count) { (index) throws(WeightsError) in
        try predictor(index, "class", card.outputs)
      }
    } catch { throw .weights(error) }
  }

  /// Box codes and class logits of every default box; the batch must be 1.
  public func callAsFunction(_ maps: FeatureMaps) -> BoxLogits {
    var logits = BoxLogits(outputs: card.outputs)
    func predict(_ index: Int, _ map: borrowing Tensor) {
      logits.append(
        rows: map.shape.height, columns: map.shape.width, codes: boxes[index](map), logits: classes[index](map))
    }
    for (index, tap) in taps.enumerated() { predict(index, maps[tap].tensor) }
    var deepest: FeatureVector? = nil
    for (index, extra) in extras.enumerated() {
      let next = FeatureVector(deepest.map { extra($0.tensor) } ?? extra(maps[taps.last!].tensor))
      predict(taps.count + index, next.tensor)
      deepest = next
    }
    return logits
  }

  static func taps(_ layout: NetworkLayout) -> [Tap] {
    // Where the map halves for the last time the wide tensor is still at the finer stride.
    let index = layout.blocks.last { $0.hasExpansion && $0.stride == 2 }?.index ?? 13
    return [.expansion(index), .last]
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
    var pyramid = shapes
    var costs: [LayerCost] = []
    for (index, extra) in extras.enumerated() {
      costs += extra.costs("ssdlite/extra\(index)", on: pyramid.last!)
      pyramid.append(extra.output(of: pyramid.last!))
    }
    for (index, shape) in pyramid.enumerated() {
      costs += boxes[index].costs("ssdlite/predictor\(index)/box", on: shape)
      costs += classes[index].costs("ssdlite/predictor\(index)/class", on: shape)
    }
    return costs
  }
}

/// A layer that halves the map once more: reduce 1x1, depthwise 3x3 with stride 2, expand 1x1, each with ReLU6.
final class ExtraLayer: Sendable {
  private let reduce: Pointwise
  private let depthwise: Depthwise
  private let expand: Pointwise

  init(_ name: String, inputs: Int, outputs: Int, padding: Padding, weights: Weights, compute: Compute)
    throws(WeightsError)
  {
    let half = outputs / 2
    reduce = try Pointwise(
      "\(name).reduce", inputs: inputs, outputs: half, activation: .relu6, weights: weights, compute: compute)
    depthwise = try Depthwise(
      "\(name).depthwise", channels: half, stride: 2, padding: padding, activation: .relu6, weights: weights,
      compute: compute)
    expand = try Pointwise(
      "\(name).expand", inputs: half, outputs: outputs, activation: .relu6, weights: weights, compute: compute)
  }

  func callAsFunction(_ x: borrowing Tensor) -> Tensor { expand(depthwise(reduce(x))) }

  func output(of shape: Shape) -> Shape { depthwise.output(of: shape).with(channels: expand.outputs) }

  func costs(_ name: String, on shape: Shape) -> [LayerCost] {
    [
      reduce.cost("\(name)/reduce", on: shape), depthwise.cost("\(name)/depthwise", on: shape),
      expand.cost("\(name)/expand", on: output(of: shape)),
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

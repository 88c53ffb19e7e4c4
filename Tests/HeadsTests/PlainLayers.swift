import Backbone
import HeadKit
import Kernels
import ModelFiles
import Tensors

/// A map in plain floats.
struct PlainMap {
  let shape: Shape
  let values: [Float]

  init(_ shape: Shape, _ values: [Float]) {
    self.shape = shape
    self.values = values
  }

  init(_ tensor: borrowing Tensor) { self.init(tensor.shape, tensor.values()) }
}

/// The layers of heads by the reference kernels, one after another, nothing fused and nothing left out.
struct PlainLayers {
  let weights: Weights
  let padding: Padding

  private func tensor(_ name: String) throws -> [Float] {
    guard let entry = weights.entries[name] else { throw WeightsError.missing(name: name, source: weights.source) }
    return try weights.values(name, shape: entry.shape)
  }

  func pointwise(_ name: String, _ x: PlainMap, _ activation: Activation) throws -> PlainMap {
    let bias = try tensor("\(name).bias")
    let values = Reference.pointwise(
      x.values, rows: x.shape.pixels, weights: try tensor("\(name).weight"), bias: bias, activation: activation)
    return PlainMap(x.shape.with(channels: bias.count), values)
  }

  func depthwise(_ name: String, _ x: PlainMap, stride: Int = 1, dilation: Int = 1, _ activation: Activation) throws
    -> PlainMap
  {
    let y = Reference.depthwise3x3(
      x.values, x.shape, weights: try tensor("\(name).weight"), bias: try tensor("\(name).bias"), stride: stride,
      dilation: dilation, padding: padding, activation: activation)
    return PlainMap(y.shape, y.values)
  }

  func convolution(_ name: String, _ x: PlainMap, stride: Int = 1, dilation: Int = 1, _ activation: Activation) throws
    -> PlainMap
  {
    let y = Reference.convolution3x3(
      x.values, x.shape, weights: try tensor("\(name).weight"), bias: try tensor("\(name).bias"), stride: stride,
      dilation: dilation, padding: padding, activation: activation)
    return PlainMap(y.shape, y.values)
  }

  func pooled(_ x: PlainMap) -> PlainMap {
    PlainMap(
      Shape(height: 1, width: 1, channels: x.shape.channels), Reference.globalPooling(x.values, x.shape))
  }

  /// The channels of all, those of one pixel repeated.
  func concatenation(_ maps: [PlainMap]) -> PlainMap {
    let largest = maps.max { $0.shape.pixels < $1.shape.pixels }!.shape
    let values = (0..<largest.pixels).flatMap { pixel in
      maps.flatMap { map in
        let begin = (map.shape.pixels == 1 ? 0 : pixel) * map.shape.channels
        return map.values[begin..<begin + map.shape.channels]
      }
    }
    return PlainMap(largest.with(channels: maps.reduce(0) { $0 + $1.shape.channels }), values)
  }

  private func sum(_ a: PlainMap, _ b: PlainMap, _ activation: Activation) -> PlainMap {
    let (low, high) = activation.bounds
    let values = a.values.indices.map { min(max(a.values[$0] + b.values[$0 % b.values.count], low), high) }
    return PlainMap(a.shape, values)
  }

  /// The answers of a graph.
  func answers(_ graph: LayerGraph, _ maps: FeatureMaps) throws -> [PlainMap] {
    var done: [PlainMap] = []
    for layer in graph.layers {
      let x = layer.inputs.map { done[$0.index] }
      switch layer.operation {
      case .tap(let tap): done.append(PlainMap(maps[tap].tensor))
      case .convolution(let c):
        switch c.kind {
        case .pointwise: done.append(try pointwise(c.name, x[0], c.activation))
        case .depthwise(let stride, let dilation, _):
          done.append(try depthwise(c.name, x[0], stride: stride, dilation: dilation, c.activation))
        }
      case .add(let activation): done.append(sum(x[0], x[1], activation))
      case .concatenate: done.append(concatenation(x))
      case .globalPooling: done.append(pooled(x[0]))
      case .upsample(let grid):
        let size = x[1].shape
        done.append(
          PlainMap(
            size.with(channels: x[0].shape.channels),
            Reference.resize(x[0].values, x[0].shape, height: size.height, width: size.width, grid: grid)))
      }
    }
    return graph.answers.map { done[$0.index] }
  }
}

/// The heads that no graph describes, written out.
extension PlainLayers {
  /// DeepLabV3 on the deepest map.
  ///
  /// Source: "Rethinking Atrous Convolution", section 3.3.
  func aspp(_ x: PlainMap, outputStride: Int) throws -> PlainMap {
    var branches = [try pointwise("deeplab.pooling", pooled(x), .relu), try pointwise("deeplab.aspp", x, .relu)]
    for (index, rate) in [6, 12, 18].enumerated() {
      branches.append(
        try convolution("deeplab.atrous\(index + 1)", x, dilation: rate * 16 / outputStride, .relu))
    }
    let projected = try pointwise("deeplab.projection", concatenation(branches), .relu)
    return try pointwise("deeplab.logits", projected, .linear)
  }

  /// SSD on two maps: codes and logits of all, one map after another.
  func ssd(_ taps: [PlainMap]) throws -> (codes: [Float], logits: [Float]) {
    var maps = taps
    for index in 0..<4 {
      let narrow = try pointwise("ssd.extra\(index).reduce", maps.last!, .relu6)
      maps.append(try convolution("ssd.extra\(index).expand", narrow, stride: 2, .relu6))
    }
    func all(_ kind: String) throws -> [Float] {
      try maps.enumerated().flatMap { try convolution("ssd.predictor\($0).\(kind)", $1, .linear).values }
    }
    return (try all("box"), try all("class"))
  }
}

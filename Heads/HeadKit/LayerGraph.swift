import Backbone
import Kernels
import ModelFiles
import Tensors

/// Layers and how they are joined, from a backbone's taps to a head's answers: a description that can be trained and run.
///
/// `GraphHead` runs it on the fast kernels with batch norm folded; the module `Training` learns its weights. A graph is built
/// from the taps on, each layer naming its inputs:
///
///     var graph = LayerGraph()
///     let deep = graph.tap(try backbone.info(.expansion(13)))
///     let narrow = graph.pointwise("head.narrow", deep, outputs: 64, .relu6)
///     let filtered = graph.depthwise("head.filter", narrow, padding: .same, .relu6)
///     graph.answer(graph.pointwise("head.logits", filtered, outputs: 2, .linear, isNormalised: false))
public struct LayerGraph: Hashable, Sendable {
  /// What a layer hands on: a map of some channels.
  public struct Value: Hashable, Sendable {
    package let index: Int
    public let channels: Int
  }

  /// A convolution with its bias, or in training with batch norm in the bias's place, and the clamp behind it.
  public struct Convolution: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
      case pointwise
      /// 3x3.
      case depthwise(stride: Int, dilation: Int, padding: Padding)
    }

    /// Its tensors are `NAME.weight` and `NAME.bias`.
    public let name: String
    public let kind: Kind
    public let inputs, outputs: Int
    public let activation: Activation
    /// Whether it learns with batch norm behind it, which is folded into weight and bias afterwards.
    public let isNormalised: Bool

    /// `[inputs, outputs]`, or `[3, 3, channels]`.
    public var weightShape: [Int] { kind == .pointwise ? [inputs, outputs] : [3, 3, outputs] }
  }

  public enum Operation: Hashable, Sendable {
    case tap(Tap)
    case convolution(Convolution)
    /// The sum of two maps of the same size, or of a map and one pixel.
    case add(Activation)
    /// The channels of both, one after the other; one of them may be one pixel, repeated.
    case concatenate
    /// The mean over all pixels.
    case globalPooling
    /// Bilinear, to the size of the second input.
    case upsample(SamplingGrid)
  }

  public struct Layer: Hashable, Sendable {
    public let operation: Operation
    public let inputs: [Value]
    public let output: Value
  }

  /// In the order in which they can run.
  public private(set) var layers: [Layer] = []
  public private(set) var answers: [Value] = []

  public init() {}

  /// A map of the backbone's.
  public mutating func tap(_ info: TapInfo) -> Value { add(.tap(info.tap), [], channels: info.channels) }

  /// A 1x1 convolution.
  public mutating func pointwise(
    _ name: String, _ x: Value, outputs: Int, _ activation: Activation, isNormalised: Bool = true
  ) -> Value {
    convolution(
      Convolution(
        name: name, kind: .pointwise, inputs: x.channels, outputs: outputs, activation: activation,
        isNormalised: isNormalised), x)
  }

  /// A 3x3 depthwise convolution; the stride is 1 or 2.
  public mutating func depthwise(
    _ name: String, _ x: Value, stride: Int = 1, dilation: Int = 1, padding: Padding, _ activation: Activation,
    isNormalised: Bool = true
  ) -> Value {
    convolution(
      Convolution(
        name: name, kind: .depthwise(stride: stride, dilation: dilation, padding: padding), inputs: x.channels,
        outputs: x.channels, activation: activation, isNormalised: isNormalised), x)
  }

  /// The sum of two maps, or of a map and one pixel.
  public mutating func sum(_ a: Value, _ b: Value, _ activation: Activation = .linear) -> Value {
    precondition(a.channels == b.channels, "a sum of \(a.channels) and \(b.channels) channels")
    return add(.add(activation), [a, b], channels: a.channels)
  }

  /// The channels of `a`, then those of `b`.
  public mutating func concatenation(_ a: Value, _ b: Value) -> Value {
    add(.concatenate, [a, b], channels: a.channels + b.channels)
  }

  /// The mean over all pixels.
  public mutating func globalPooling(_ x: Value) -> Value { add(.globalPooling, [x], channels: x.channels) }

  /// `x`, enlarged bilinearly to the size of `like`.
  public mutating func upsample(_ x: Value, like: Value, _ grid: SamplingGrid) -> Value {
    add(.upsample(grid), [x, like], channels: x.channels)
  }

  /// A block of the backbone from its expansion on, with folded weights of its own: what learns where the backbone's last
  /// blocks learn too.
  ///
  /// - Parameter activation: behind its last product: linear in MobileNetV2 (its section 3.2), ReLU6 in MobileNetV1.
  public mutating func block(
    _ block: BlockLayout, expanded: Value, skip: Value?, padding: Padding, _ activation: Activation = .linear
  ) -> Value {
    precondition(
      expanded.channels == block.expanded,
      "\(expanded.channels) channels in block \(block.index), which has \(block.expanded)")
    let name = "backbone.block\(block.index)"
    let filtered = depthwise(
      "\(name).depthwise", expanded, stride: block.stride, dilation: block.dilation, padding: padding, .relu6,
      isNormalised: false)
    let thin = pointwise("\(name).project", filtered, outputs: block.outputs, activation, isNormalised: false)
    return skip.map { sum(thin, $0) } ?? thin
  }

  /// Makes a value one of the graph's answers.
  public mutating func answer(_ value: Value) { answers.append(value) }

  private mutating func convolution(_ convolution: Convolution, _ x: Value) -> Value {
    add(.convolution(convolution), [x], channels: convolution.outputs)
  }

  private mutating func add(_ operation: Operation, _ inputs: [Value], channels: Int) -> Value {
    precondition(inputs.allSatisfy { $0.index < layers.count }, "an input of another graph")
    let value = Value(index: layers.count, channels: channels)
    layers.append(Layer(operation: operation, inputs: inputs, output: value))
    return value
  }
}

extension LayerGraph {
  /// The maps that it reads, in the order of its layers.
  public var taps: [Tap] {
    layers.compactMap { if case .tap(let tap) = $0.operation { tap } else { nil } }
  }

  /// Its convolutions, in the order of its layers.
  public var convolutions: [Convolution] {
    layers.compactMap { if case .convolution(let convolution) = $0.operation { convolution } else { nil } }
  }

  /// The tensors that it runs with.
  public var parameters: [ParameterInfo] {
    convolutions.flatMap {
      [
        ParameterInfo(name: "\($0.name).weight", shape: $0.weightShape),
        ParameterInfo(name: "\($0.name).bias", shape: [$0.outputs]),
      ]
    }
  }

  /// The shape of each layer's output for taps of those shapes.
  public func shapes(_ tapShape: (Tap) -> Shape) -> [Shape] {
    var shapes: [Shape] = []
    for layer in layers { shapes.append(shape(of: layer, after: shapes, tapShape)) }
    return shapes
  }

  /// The shape of a layer's output, those of the layers before it being known.
  func shape(of layer: Layer, after shapes: [Shape], _ tapShape: (Tap) -> Shape) -> Shape {
    let inputs = layer.inputs.map { shapes[$0.index] }
    let shape: Shape
    switch layer.operation {
    case .tap(let tap): shape = tapShape(tap)
    case .convolution(let convolution):
      var map = inputs[0]
      if case .depthwise(let stride, let dilation, let padding) = convolution.kind {
        let g = Geometry(height: map.height, width: map.width, stride: stride, dilation: dilation, padding: padding)
        map = Shape(batch: map.batch, height: g.outHeight, width: g.outWidth, channels: map.channels)
      }
      shape = map.with(channels: convolution.outputs)
    case .add: shape = inputs[0]
    case .concatenate:
      let larger = inputs[0].pixels >= inputs[1].pixels ? inputs[0] : inputs[1]
      shape = larger.with(channels: layer.output.channels)
    case .globalPooling: shape = Shape(batch: inputs[0].batch, height: 1, width: 1, channels: inputs[0].channels)
    case .upsample: shape = inputs[1].with(channels: inputs[0].channels)
    }
    precondition(shape.channels == layer.output.channels, "layer \(shapes.count) has other channels")
    return shape
  }
}

import Tensors

/// The building methods of a graph.
///
/// An impossible operation is not appended. The first one is kept in `fault`, and every user of the graph throws it.
extension Graph {
  /// An input of the graph, of 1 to 65,536 channels; an image has 3.
  public mutating func input(_ name: String = Graph.image, channels: Int = 3) -> Value {
    let value = add(.input, [], channels: channels)
    self.name(value, Tap(name))
    return value
  }

  /// A convolution with a bias.
  ///
  /// - Parameters:
  ///   - name: its tensors are `NAME.weight` and `NAME.bias`; no other convolution of the graph has this name.
  ///   - outputs: output channels, 1 to 65,536, a multiple of `groups`.
  ///   - window: odd on both axes.
  ///   - groups: 1 for a full convolution; the channels of `x` are a multiple of it.
  ///   - isNormalised: whether it is trained with batch norm.
  public mutating func convolution(
    _ name: String, _ x: Value, outputs: Int, window: Window, groups: Int = 1, _ activation: Activation,
    isNormalised: Bool = true
  ) -> Value {
    let convolution = Convolution(
      name: name, window: window, groups: groups, inputs: x.channels, outputs: outputs, activation: activation,
      isNormalised: isNormalised)
    return add(.convolution(convolution), [x], channels: outputs)
  }

  /// A 1x1 convolution of stride 1; parameters as of `convolution`.
  public mutating func pointwise(
    _ name: String, _ x: Value, outputs: Int, groups: Int = 1, _ activation: Activation, isNormalised: Bool = true
  ) -> Value {
    convolution(name, x, outputs: outputs, window: .one, groups: groups, activation, isNormalised: isNormalised)
  }

  /// A depthwise convolution, 3x3 unless `kernel` says otherwise.
  ///
  /// - Parameters:
  ///   - kernel: rows and columns of the window, odd, 1 to 15.
  ///   - stride: 1 to 8.
  ///   - dilation: 1 to 64.
  public mutating func depthwise(
    _ name: String, _ x: Value, kernel: Int = 3, stride: Int = 1, dilation: Int = 1, padding: Padding,
    _ activation: Activation, isNormalised: Bool = true
  ) -> Value {
    convolution(
      name, x, outputs: x.channels,
      window: Window(kernel, kernel, stride: stride, dilation: dilation, padding: padding), groups: x.channels,
      activation, isNormalised: isNormalised)
  }

  /// The sum of two maps, or of a map and one pixel.
  public mutating func sum(_ a: Value, _ b: Value, _ activation: Activation = .linear) -> Value {
    add(.add(activation), [a, b], channels: a.channels)
  }

  /// An activation by itself.
  public mutating func activation(_ x: Value, _ activation: Activation) -> Value {
    add(.activation(activation), [x], channels: x.channels)
  }

  /// The concatenation of all values by channels.
  public mutating func concatenation(_ values: Value...) -> Value { concatenation(values) }

  /// The concatenation of all values by channels.
  public mutating func concatenation(_ values: [Value]) -> Value {
    add(.concatenation, values, channels: values.reduce(0) { $0 + $1.channels })
  }

  /// Max or average pooling, of each channel by itself; the window is odd on both axes.
  public mutating func pooling(_ x: Value, _ pooling: Pooling) -> Value {
    add(.pooling(pooling), [x], channels: x.channels)
  }

  /// The mean over all pixels.
  public mutating func globalPooling(_ x: Value) -> Value { add(.globalPooling, [x], channels: x.channels) }

  /// A channel scale: every pixel of `x` times the one pixel `factors`.
  public mutating func scale(_ x: Value, by factors: Value) -> Value {
    add(.scale, [x, factors], channels: x.channels)
  }

  /// Squeeze-and-excite: a channel scale of `x` by factors that two 1x1 convolutions compute from its mean.
  ///
  /// Source: "Squeeze-and-Excitation Networks", section 3; "Searching for MobileNetV3", section 5.3, for hard-sigmoid.
  ///
  /// - Parameters:
  ///   - name: the convolutions are `NAME.reduce` and `NAME.expand`.
  ///   - squeezed: channels between them, 1 to 65,536.
  public mutating func squeezeExcite(
    _ name: String, _ x: Value, squeezed: Int, _ inner: Activation = .relu, _ gate: Activation = .hardSigmoid
  ) -> Value {
    let mean = globalPooling(x)
    let reduced = pointwise("\(name).reduce", mean, outputs: squeezed, inner, isNormalised: false)
    return scale(x, by: pointwise("\(name).expand", reduced, outputs: x.channels, gate, isNormalised: false))
  }

  /// A bilinear resize of `x` to the size of `like`.
  public mutating func resize(_ x: Value, like: Value, _ grid: SamplingGrid) -> Value {
    add(.resize(grid), [x, like], channels: x.channels)
  }

  /// A channel shuffle: channel `j` of group `i` becomes channel `j * groups + i`.
  ///
  /// Source: "ShuffleNet", section 3.1.
  public mutating func shuffle(_ x: Value, groups: Int) -> Value {
    add(.shuffle(groups: groups), [x], channels: x.channels)
  }

  /// Names a value, which makes it a tap.
  public mutating func name(_ value: Value, _ tap: Tap) {
    guard fault == nil else { return }
    let name = tap.name
    guard nodes.indices.contains(value.index), !name.isEmpty, name.utf8.count <= Graph.longestName,
      !nodes.contains(where: { $0.name == name })
    else {
      fault = .unusableLayer(place: value.index, reason: "has the name \"\(name)\", which is empty, too long or taken")
      return
    }
    nodes[value.index].name = name
  }

  /// Makes a value one of the graph's outputs.
  public mutating func output(_ value: Value) {
    guard fault == nil else { return }
    guard nodes.indices.contains(value.index) else {
      fault = .unusableLayer(place: value.index, reason: "is an output and not there")
      return
    }
    guard nodes[value.index].operation != .input else {
      fault = .unusableLayer(place: value.index, reason: "is an input and an output")
      return
    }
    outputs.append(value.index)
  }

  mutating func add(_ operation: Operation, _ inputs: [Value], channels: Int) -> Value {
    if fault == nil, let reason = reason(against: operation, inputs, channels: channels) {
      fault = .unusableLayer(place: nodes.count, reason: reason)
    }
    guard fault == nil else { return Value(index: max(nodes.count - 1, 0), channels: channels) }
    nodes.append(Node(operation: operation, inputs: inputs.map(\.index), channels: channels))
    return Value(index: nodes.count - 1, channels: channels)
  }
}

// MARK: Checks

extension Graph {
  /// The greatest number of a graph's nodes.
  static let mostNodes = 2000
  /// The greatest number of a value's elements and of its channels.
  package static let mostElements = 1 << 28
  package static let mostChannels = 65536
  private static let largestKernel = 15
  /// The greatest length of a name in bytes.
  static let longestName = 200

  /// The reason why an operation can't be the next node; `nil` where it can.
  private func reason(against operation: Operation, _ inputs: [Value], channels: Int) -> String? {
    guard nodes.count < Graph.mostNodes else { return "is one of more than \(Graph.mostNodes)" }
    let expected = operation.inputCount
    guard expected.contains(inputs.count) else {
      return "reads \(inputs.count) layers, expected \(expected.lowerBound) to \(expected.upperBound)"
    }
    if let stranger = inputs.first(where: {
      !nodes.indices.contains($0.index) || nodes[$0.index].channels != $0.channels
    }) {
      return "reads the layer \(stranger.index) of another graph, or one that is not before it"
    }
    guard (1...Graph.mostChannels).contains(channels) else {
      return "has \(channels) channels, expected 1 to \(Graph.mostChannels)"
    }
    switch operation {
    case .convolution(let c):
      guard !c.name.isEmpty, c.name.utf8.count <= Graph.longestName,
        !nodes.indices.contains(where: { convolution(at: $0)?.name == c.name })
      else { return "has tensors named \"\(c.name)\", which is empty, too long or taken" }
      guard c.groups > 0, c.inputs % c.groups == 0, c.outputs % c.groups == 0 else {
        return "has \(c.inputs) and \(c.outputs) channels in \(c.groups) groups"
      }
      return reason(against: c.window)
    case .pooling(.maximum(let window)), .pooling(.average(let window)): return reason(against: window)
    case .add, .scale:
      return inputs[0].channels == inputs[1].channels
        ? nil : "joins maps of \(inputs[0].channels) and \(inputs[1].channels) channels"
    case .shuffle(let groups):
      return groups > 0 && channels % groups == 0 ? nil : "shuffles \(channels) channels in \(groups) groups"
    case .input, .globalPooling, .activation, .concatenation, .resize: return nil
    }
  }

  private func reason(against window: Window) -> String? {
    let kernel = [window.height, window.width]
    guard kernel.allSatisfy({ (1...Graph.largestKernel).contains($0) && $0 % 2 == 1 }) else {
      return "has a kernel \(kernel), expected two odd numbers up to \(Graph.largestKernel)"
    }
    guard (1...8).contains(window.stride), (1...64).contains(window.dilation) else {
      return "has a stride of \(window.stride) and a dilation of \(window.dilation), expected up to 8 and up to 64"
    }
    return nil
  }
}

extension Graph.Operation {
  fileprivate var inputCount: ClosedRange<Int> {
    switch self {
    case .input: return 0...0
    case .add, .scale, .resize: return 2...2
    case .concatenation: return 1...64
    case .convolution, .pooling, .globalPooling, .activation, .shuffle: return 1...1
    }
  }
}

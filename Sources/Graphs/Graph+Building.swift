import Tensors

extension Graph {
  /// An input of the graph; the image has 3 channels.
  public mutating func input(_ name: String = Graph.image, channels: Int = 3) -> Value {
    let value = add(.input, [], channels: channels)
    nodes[value.index].name = name
    return value
  }

  /// A convolution; its window is odd on both axes.
  public mutating func convolution(
    _ name: String, _ x: Value, outputs: Int, window: Window, groups: Int = 1, _ activation: Activation,
    isNormalised: Bool = true
  ) -> Value {
    precondition(
      groups > 0 && x.channels % groups == 0 && outputs % groups == 0,
      "\(x.channels) and \(outputs) channels in \(groups) groups")
    let convolution = Convolution(
      name: name, window: window, groups: groups, inputs: x.channels, outputs: outputs, activation: activation,
      isNormalised: isNormalised)
    return add(.convolution(convolution), [x], channels: outputs)
  }

  /// A 1x1 convolution.
  public mutating func pointwise(
    _ name: String, _ x: Value, outputs: Int, groups: Int = 1, _ activation: Activation, isNormalised: Bool = true
  ) -> Value {
    convolution(name, x, outputs: outputs, window: .one, groups: groups, activation, isNormalised: isNormalised)
  }

  /// A depthwise convolution, 3x3 unless `kernel` says otherwise.
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
    precondition(a.channels == b.channels, "a sum of \(a.channels) and \(b.channels) channels")
    return add(.add(activation), [a, b], channels: a.channels)
  }

  /// An activation by itself.
  public mutating func activation(_ x: Value, _ activation: Activation) -> Value {
    add(.activation(activation), [x], channels: x.channels)
  }

  /// The channels of all, one after the other.
  public mutating func concatenation(_ values: Value...) -> Value { concatenation(values) }

  /// The channels of all, one after the other.
  public mutating func concatenation(_ values: [Value]) -> Value {
    add(.concatenation, values, channels: values.reduce(0) { $0 + $1.channels })
  }

  public mutating func pooling(_ x: Value, _ pooling: Pooling) -> Value {
    add(.pooling(pooling), [x], channels: x.channels)
  }

  /// The mean over all pixels.
  public mutating func globalPooling(_ x: Value) -> Value { add(.globalPooling, [x], channels: x.channels) }

  /// Every pixel of `x` times the one pixel `factors`, by channels.
  public mutating func scale(_ x: Value, by factors: Value) -> Value {
    precondition(x.channels == factors.channels, "\(x.channels) channels times \(factors.channels)")
    return add(.scale, [x, factors], channels: x.channels)
  }

  /// Squeeze-and-excite: `x` times what two 1x1 convolutions make of its mean.
  ///
  /// Source: "Squeeze-and-Excitation Networks", section 3; "Searching for MobileNetV3", section 5.3, for hard-sigmoid.
  ///
  /// - Parameters:
  ///   - name: the convolutions are `NAME.reduce` and `NAME.expand`.
  ///   - squeezed: channels between them.
  public mutating func squeezeExcite(
    _ name: String, _ x: Value, squeezed: Int, _ inner: Activation = .relu, _ gate: Activation = .hardSigmoid
  ) -> Value {
    let mean = globalPooling(x)
    let reduced = pointwise("\(name).reduce", mean, outputs: squeezed, inner, isNormalised: false)
    return scale(x, by: pointwise("\(name).expand", reduced, outputs: x.channels, gate, isNormalised: false))
  }

  /// `x`, resized bilinearly to the size of `like`.
  public mutating func resize(_ x: Value, like: Value, _ grid: SamplingGrid) -> Value {
    add(.resize(grid), [x, like], channels: x.channels)
  }

  /// Channels dealt out anew: channel `j` of group `i` becomes channel `j * groups + i`.
  ///
  /// Source: "ShuffleNet", section 3.1.
  public mutating func shuffle(_ x: Value, groups: Int) -> Value {
    precondition(groups > 0 && x.channels % groups == 0, "\(x.channels) channels in \(groups) groups")
    return add(.shuffle(groups: groups), [x], channels: x.channels)
  }

  /// Gives a value a name, so that it can be handed out as a tap.
  public mutating func name(_ value: Value, _ tap: Tap) {
    precondition(!nodes.contains { $0.name == tap.name }, "two values are named \(tap)")
    nodes[value.index].name = tap.name
  }

  /// Makes a value one of the graph's outputs.
  public mutating func output(_ value: Value) { outputs.append(value.index) }

  mutating func add(_ operation: Operation, _ inputs: [Value], channels: Int) -> Value {
    precondition(inputs.allSatisfy { $0.index < nodes.count }, "an input of another graph")
    nodes.append(Node(operation: operation, inputs: inputs.map(\.index), channels: channels))
    return Value(index: nodes.count - 1, channels: channels)
  }
}

import Tensors

/// A tensor that a network needs.
public struct ParameterInfo: Hashable, Sendable {
  /// The name in model files: that of its convolution, and `.weight` or `.bias`.
  public let name: String
  /// The extents: `Graph.Convolution.weightShape` of a weight, `[outputs]` of a bias.
  public let shape: [Int]

  /// Creates the record of a tensor.
  public init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

extension Graph {
  /// Its inputs, by name, in order.
  public var inputs: [(name: String, channels: Int)] {
    nodes.filter { $0.operation == .input }.map { ($0.name!, $0.channels) }
  }

  /// The maps of another graph that it reads.
  package var inputTaps: [Tap] { inputs.map { Tap($0.name) } }

  /// Its convolutions, in order.
  public var convolutions: [Convolution] {
    nodes.indices.compactMap(convolution(at:))
  }

  /// Its parameters: weight and bias of each convolution, in order.
  public var parameters: [ParameterInfo] {
    convolutions.flatMap {
      [
        ParameterInfo(name: "\($0.name).weight", shape: $0.weightShape),
        ParameterInfo(name: "\($0.name).bias", shape: [$0.outputs]),
      ]
    }
  }

  /// Input pixels between neighbouring pixels of each value, on both axes.
  var strides: [Int] {
    var strides: [Int] = []
    for node in nodes {
      var stride = node.inputs.first.map { strides[$0] } ?? 1
      switch node.operation {
      // Thousands of strided layers are not a network, but must not overflow.
      case .convolution(let convolution): stride = min(stride * convolution.window.stride, 1 << 32)
      case .pooling(.maximum(let window)), .pooling(.average(let window)): stride = min(stride * window.stride, 1 << 32)
      case .resize: stride = strides[node.inputs[1]]
      case .concatenation: stride = node.inputs.map { strides[$0] }.max()!
      default: break
      }
      strides.append(stride)
    }
    return strides
  }

  /// Every named value but the inputs, shallow to deep.
  public var taps: [TapInfo] {
    zip(nodes, strides).compactMap { node, stride in
      guard let name = node.name, node.operation != .input else { return nil }
      return TapInfo(tap: Tap(name), channels: node.channels, stride: stride)
    }
  }

  /// The channels and the stride of a tap.
  ///
  /// - Throws: `GraphError.noSuchTap`, with the existing taps.
  public func info(_ tap: Tap) throws(GraphError) -> TapInfo {
    let known = taps
    guard let info = known.first(where: { $0.tap == tap }) else {
      throw .noSuchTap(name: tap.name, known: known.map(\.name))
    }
    return info
  }

  /// The deepest map of a backbone; `last`, the 1x1 convolution to many channels in front of a classifier, does not
  /// count.
  public var deepest: TapInfo {
    let taps = taps
    return taps.last { $0.tap != .last } ?? taps.last!
  }

  /// The padding of the network's windows: that of its last convolution with more than one tap.
  public var padding: Padding { convolutions.last { $0.window.taps > 1 }?.window.padding ?? .same }

  /// For each value, whether it is one pixel whatever the input's size.
  package var isOnePixel: [Bool] {
    var one: [Bool] = []
    for node in nodes {
      switch node.operation {
      case .input: one.append(false)
      case .globalPooling: one.append(true)
      case .resize: one.append(one[node.inputs[1]])
      default: one.append(node.inputs.allSatisfy { one[$0] })
      }
    }
    return one
  }

  /// The readers of each node's value; a node that reads it twice is listed twice.
  package var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() { for input in node.inputs { readers[input].append(index) } }
    return readers
  }

  /// The nodes that some values depend on, with the values' own nodes.
  package func ancestors(of values: some Sequence<Int>) -> Set<Int> {
    var needed = Set(values)
    for index in nodes.indices.reversed() where needed.contains(index) { needed.formUnion(nodes[index].inputs) }
    return needed
  }
}

// MARK: Shapes

extension Graph {
  /// The shape of each value, for inputs of those shapes.
  ///
  /// - Throws: `GraphError.unusableLayer` where maps do not fit together or are too large: a graph may be untrusted.
  /// - Complexity: O(nodes).
  public func checkedShapes(_ inputShape: (Tap) throws(GraphError) -> Shape) throws(GraphError) -> [Shape] {
    var shapes: [Shape] = []
    for (place, node) in nodes.enumerated() {
      func refuse(_ reason: String) -> GraphError { .unusableLayer(place: place, reason: reason) }
      let inputs = node.inputs.map { shapes[$0] }
      func resized(_ height: Int, _ width: Int) throws(GraphError) -> Shape {
        let batch = inputs.first?.batch ?? 1
        guard let count = Shape.elementCount(of: [batch, height, width, node.channels]),
          count <= Graph.mostElements || batch > 1
        else { throw refuse("makes a map of \(height)x\(width) with \(node.channels) channels, which is too large") }
        return Shape(batch: batch, height: height, width: width, channels: node.channels)
      }
      func slide(_ window: Window) throws(GraphError) -> Shape {
        let g = window.geometry(height: inputs[0].height, width: inputs[0].width)
        return try resized(g.outHeight, g.outWidth)
      }
      switch node.operation {
      case .input:
        let shape = try inputShape(Tap(node.name!))
        guard shape.channels == node.channels else {
          throw refuse("reads \(node.name!) of \(shape.channels) channels, expected \(node.channels)")
        }
        shapes.append(shape)
      case .convolution(let convolution): shapes.append(try slide(convolution.window))
      case .pooling(.maximum(let window)), .pooling(.average(let window)): shapes.append(try slide(window))
      case .globalPooling: shapes.append(try resized(1, 1))
      case .add, .scale:
        let (first, second) = (inputs[0], inputs[1])
        guard first.channels == second.channels, second.pixels == 1 || second == first,
          node.operation != .scale || second.pixels == 1
        else { throw refuse("joins maps of other sizes, \(first) and \(second)") }
        shapes.append(first)
      case .activation, .shuffle: shapes.append(inputs[0])
      case .concatenation:
        let largest = inputs.max { $0.pixels < $1.pixels }!
        guard inputs.allSatisfy({ $0.pixels == 1 || $0.with(channels: 1) == largest.with(channels: 1) }) else {
          throw refuse("puts maps of other sizes side by side, \(inputs.map(\.description).joined(separator: " and "))")
        }
        shapes.append(try resized(largest.height, largest.width))
      case .resize: shapes.append(try resized(inputs[1].height, inputs[1].width))
      }
    }
    return shapes
  }

  /// The shape of each value, for inputs known to fit.
  public func shapes(_ inputShape: (Tap) -> Shape) -> [Shape] {
    do { return try checkedShapes { inputShape($0) } } catch { preconditionFailure("\(error)") }
  }

  /// The shape of each value for an image of that size.
  public func shapes(height: Int, width: Int) -> [Shape] {
    shapes { _ in Shape(height: height, width: width, channels: 3) }
  }

  /// The shapes of taps' maps, the image's among them, for an image of that size.
  package func shapes(of taps: [Tap], height: Int, width: Int) -> [Tap: Shape] {
    let shapes = shapes(height: height, width: width)
    return Dictionary(
      taps.map { tap in (tap, shapes[nodes.firstIndex { $0.name == tap.name }!]) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The shape of a tap's map for an image of that size; the tap must be one of the network's.
  public func shape(of tap: Tap, height: Int, width: Int) -> Shape {
    guard let place = nodes.firstIndex(where: { $0.name == tap.name }) else {
      preconditionFailure("no tap \(tap) in \(taps.map(\.name))")
    }
    return shapes(height: height, width: width)[place]
  }
}

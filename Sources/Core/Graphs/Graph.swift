import Tensors

/// A network as data: its operations in a topological order, and its outputs.
///
/// Parameters, shapes, costs, memory tables, training and execution are all derived from this value. A graph begins
/// with its inputs, an image or maps of another graph; a head is appended to the graph of a backbone:
///
///     var graph = NetworkLayout.mobileNetV2().graph
///     let map = try graph.value(of: .expansion(13))
///     let narrow = graph.pointwise("head.narrow", map, outputs: 64, .relu6)
///     graph.output(graph.pointwise("head.logits", narrow, outputs: 2, .linear, isNormalised: false))
public struct Graph: Hashable, Sendable {
  /// The output of an operation: a feature map with its number of channels.
  public struct Value: Hashable, Sendable {
    package let index: Int
    /// Channels of the map.
    public let channels: Int
  }

  /// A window that slides over a map: odd extents, the same stride and dilation on both axes.
  public struct Window: Hashable, Sendable {
    /// Rows and columns, odd, 1 to 15.
    public var height, width: Int
    /// Input pixels between neighbouring output pixels, 1 to 8, and between the window's taps, 1 to 64.
    public var stride, dilation: Int
    /// The treatment of the map's border.
    public var padding: Padding

    /// Creates a window, by default of stride 1 and dilation 1 with TensorFlow's padding.
    ///
    /// Its ranges are checked when it is added to a graph.
    public init(_ height: Int, _ width: Int, stride: Int = 1, dilation: Int = 1, padding: Padding = .same) {
      self.height = height
      self.width = width
      self.stride = stride
      self.dilation = dilation
      self.padding = padding
    }

    /// One pixel, stride 1.
    public static let one = Window(1, 1)

    /// Positions in the window.
    public var taps: Int { height * width }
    package var isOne: Bool { taps == 1 && stride == 1 }
    /// Whether the strip kernels support it: 3x3, stride 1 or 2.
    package var fitsStrips: Bool { height == 3 && width == 3 && stride <= 2 }

    /// The positions of the window on a map of that size.
    package func geometry(height rows: Int, width columns: Int) -> Geometry {
      Geometry(
        height: rows, width: columns, stride: stride, dilation: dilation, padding: padding, kernelHeight: height,
        kernelWidth: width)
    }
  }

  /// A convolution with its bias and the activation behind it.
  ///
  /// In training, batch norm may replace the bias.
  ///
  /// A depthwise convolution has as many groups as channels.
  public struct Convolution: Hashable, Sendable {
    /// Its tensors are `NAME.weight` and `NAME.bias`.
    public internal(set) var name: String
    /// Extents, stride, dilation and padding.
    public let window: Window
    /// Each output channel reads the input channels of its group only.
    public let groups: Int
    /// Input and output channels, multiples of `groups`.
    public let inputs, outputs: Int
    /// The function behind the bias.
    public var activation: Activation
    /// Whether it is trained with batch norm behind it, which is folded into weight and bias afterwards.
    public var isNormalised: Bool

    /// Whether each channel is convolved by itself, by any window but one pixel of stride 1.
    public var isDepthwise: Bool { groups == inputs && groups == outputs && !window.isOne }
    /// Whether it is a 1x1 convolution of stride 1: a GEMM.
    public var isPointwise: Bool { window.isOne }

    /// `[inputs / groups, outputs]` of a 1x1 convolution, `[height, width, channels]` of a depthwise one, else
    /// `[height, width, inputs / groups, outputs]`.
    public var weightShape: [Int] {
      if isPointwise { return [inputs / groups, outputs] }
      let window = [window.height, window.width]
      return window + (isDepthwise ? [outputs] : [inputs / groups, outputs])
    }
  }

  /// The reduction of each window of a map to one pixel, channel by channel.
  public enum Pooling: Hashable, Sendable {
    /// Max pooling; positions outside the map do not count.
    case maximum(Window)
    /// Average pooling; zeros outside the map count.
    case average(Window)
  }

  /// An operation of a graph, with its parameters.
  public enum Operation: Hashable, Sendable {
    /// An image or another graph's map, by the node's name.
    case input
    /// A convolution with bias and activation.
    case convolution(Convolution)
    /// Max or average pooling.
    case pooling(Pooling)
    /// Global average pooling, to one pixel.
    case globalPooling
    /// The sum of two maps of the same size, or of a map and one pixel.
    case add(Activation)
    /// An activation by itself.
    case activation(Activation)
    /// Concatenation by channels; one pixel is repeated.
    case concatenation
    /// A channel scale, a map times one pixel: squeeze-and-excite.
    case scale
    /// A bilinear resize to the size of the second input.
    case resize(SamplingGrid)
    /// A channel shuffle: channel `j` of group `i` becomes channel `j * groups + i`.
    case shuffle(groups: Int)
  }

  /// An operation in a graph, with the nodes that it reads.
  public struct Node: Hashable, Sendable {
    /// The operation and its parameters.
    public internal(set) var operation: Operation
    /// The indices of the nodes that it reads, all lower than its own.
    public internal(set) var inputs: [Int]
    /// Channels of its value, 1 to 65,536.
    public let channels: Int
    /// The name of its value: an input's name, or a tap.
    public internal(set) var name: String?
  }

  /// The operations in topological order, at most 2,000.
  public internal(set) var nodes: [Node] = []
  /// The indices of the output nodes.
  public internal(set) var outputs: [Int] = []
  /// The first fault of its building, if any: an operation that can't run, or a name that is taken.
  ///
  /// Nothing is appended from there on. Networks, trainings and files of such a graph throw this.
  public internal(set) var fault: GraphError?

  /// Creates an empty graph.
  public init() {}

  /// The name of the input that is an image.
  public static let image = "image"

  /// The value of the node at an index in `nodes`.
  public func value(at index: Int) -> Value { Value(index: index, channels: nodes[index].channels) }

  /// The convolution of a node; `nil` for other operations.
  package func convolution(at index: Int) -> Convolution? {
    guard case .convolution(let convolution) = nodes[index].operation else { return nil }
    return convolution
  }

  /// The value of a tap or an input.
  ///
  /// - Throws: `GraphError.noSuchTap`, with the existing taps.
  public func value(of tap: Tap) throws(GraphError) -> Value {
    guard let index = nodes.firstIndex(where: { $0.name == tap.name }) else {
      throw .noSuchTap(name: tap.name, known: taps.map(\.name))
    }
    return value(at: index)
  }
}

/// An error of building or reading a graph.
public enum GraphError: Error, Hashable, CustomStringConvertible {
  /// No value has that name; `known` lists the graph's taps.
  case noSuchTap(name: String, known: [String])
  /// An operation that can't run; `place` is the index of its node.
  case unusableLayer(place: Int, reason: String)

  /// The tap or the layer and the problem, in words.
  public var description: String {
    switch self {
    case .noSuchTap(let name, let known):
      return "no tap is named \(name); this network has \(known.joined(separator: ", "))"
    case .unusableLayer(let place, let reason): return "layer \(place) of the network \(reason)"
    }
  }
}

import Tensors

/// A head's layers as data, so that a head of one's own travels in the model file.
///
/// `LayerGraph` of the module `HeadKit` is made from it, which checks it.
public struct GraphCard: Codable, Hashable, Sendable {
  /// What a layer does.
  public enum Operation: String, Codable, Hashable, Sendable, CaseIterable {
    /// A map of the backbone's.
    case tap
    /// A 1x1 convolution.
    case pointwise
    /// A 3x3 depthwise convolution.
    case depthwise
    /// The sum of two maps, or of a map and one pixel.
    case add
    /// The channels of both.
    case concatenate
    /// The mean over all pixels.
    case globalPooling = "global-pooling"
    /// Bilinear, to the size of the second input.
    case upsample
  }

  /// The functions behind a convolution or a sum.
  public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
    case linear, relu, relu6
  }

  public struct Layer: Codable, Hashable, Sendable {
    public var operation: Operation
    /// The places of the layers that it reads, each before its own.
    public var inputs: [Int]
    /// The tap's name, or what stands before `.weight` and `.bias` in the names of a convolution's tensors.
    public var name: String?
    /// Channels of a 1x1 convolution's output.
    public var outputs: Int?
    /// Of a depthwise convolution; without them 1.
    public var stride: Int?
    public var dilation: Int?
    /// Of a depthwise convolution.
    public var padding: Padding?
    /// Without it linear.
    public var activation: Activation?
    /// Of an enlargement.
    public var grid: SamplingGrid?

    public init(_ operation: Operation, inputs: [Int]) {
      self.operation = operation
      self.inputs = inputs
    }
  }

  /// In the order in which they run.
  public var layers: [Layer]
  /// The places of the layers whose outputs are the head's.
  public var answers: [Int]

  public init(layers: [Layer], answers: [Int]) {
    self.layers = layers
    self.answers = answers
  }

  /// Layers that a card may have.
  static let limit = 1000

  var fault: String? {
    if !(1...GraphCard.limit).contains(layers.count) {
      return "the card's head has \(layers.count) layers, expected 1 to \(GraphCard.limit)"
    }
    if answers.count != 1 || !layers.indices.contains(answers[0]) {
      return "the card's head has the outputs \(answers), expected the place of one of its layers"
    }
    return nil
  }
}

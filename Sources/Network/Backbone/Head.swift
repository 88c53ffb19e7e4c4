/// A head in code rather than in layers: a computation of an output from the feature maps of named taps.
///
/// A head of layers is appended to the network's graph instead. It then runs with the network, can be trained, and is
/// stored in the model file.
public protocol Head: Sendable {
  /// What the head computes, such as boxes or a mask.
  associatedtype Output

  /// The taps of the maps that it reads.
  var taps: [Tap] { get }

  /// The output for the maps of one run.
  ///
  /// - Parameter maps: at least those of `taps`, `[N, H, W, C]` each.
  func callAsFunction(_ maps: FeatureMaps) throws -> Output
}

extension Head {
  /// Runs the network as deep as this head needs, then the head.
  ///
  /// - Parameter input: normalised images `[N, H, W, 3]`, at least 33 pixels on both axes.
  /// - Throws: `BackboneError` when the input has another shape or a tap does not exist; what the head throws.
  public func run(on network: Network, _ input: borrowing Tensor) throws -> Output {
    try self(network.features(of: input, taps: taps))
  }
}

extension Graph {
  /// Appends the paper's classifier to a backbone: global average pooling of the deepest map, then a logit for each
  /// class.
  ///
  /// Its output is `[N, 1, 1, outputs]`; the tensors are `classifier.weight` and `classifier.bias`.
  ///
  /// - Parameter outputs: classes, 1 to 65,536.
  public mutating func classifier(outputs: Int) {
    let map = value(at: nodes.count - 1)
    output(pointwise("classifier", globalPooling(map), outputs: outputs, .linear, isNormalised: false))
  }
}

/// What sits on a network and is code rather than layers: it names the maps that it wants and turns them into an output.
///
/// Layers of one's own are appended to the network's graph instead, so that they run with it, can learn, and travel in the
/// model file.
public protocol Head: Sendable {
  associatedtype Output

  /// The maps that it reads.
  var taps: [Tap] { get }

  /// The output for the maps of one run.
  func callAsFunction(_ maps: FeatureMaps) throws -> Output
}

extension Head {
  /// Runs the network as deep as this head needs, then the head.
  public func run(on network: Network, _ input: borrowing Tensor) throws -> Output {
    try self(network.features(of: input, taps: taps))
  }
}

extension Graph {
  /// Appends the paper's own head to a backbone: the mean of the deepest map over all pixels, then a logit for each class.
  ///
  /// Its output is `[1, 1, outputs]`; the tensors are `classifier`.
  public mutating func classifier(outputs: Int) {
    let map = value(at: nodes.count - 1)
    output(pointwise("classifier", globalPooling(map), outputs: outputs, .linear, isNormalised: false))
  }
}

@_exported import Backbone

/// What sits on a backbone: it names the maps it wants and turns them into an answer.
///
/// A head asks the backbone's taps for channels and strides when it is made, so it fits any width and output stride.
public protocol Head: Sendable {
  associatedtype Output

  /// The maps that it reads.
  var taps: [Tap] { get }

  /// The answer for the maps of one run.
  func callAsFunction(_ maps: FeatureMaps) throws -> Output
}

extension Head {
  /// Runs the backbone as deep as this head needs, then the head.
  public func run(on backbone: any Backbone, _ input: borrowing Tensor) throws -> Output {
    try self(backbone.features(of: input, taps: taps))
  }
}

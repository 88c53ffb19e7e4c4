import Kernels
import Tensors

/// What a head sits on: a network that hands out its intermediate feature maps.
///
/// A head asks the layout's taps for names, channels and strides and holds none of its own, so that it runs on any.
/// `Network` is the one that is built in; another network becomes one by describing its maps and computing them.
public protocol Backbone: Sendable {
  /// What the network is made of, and its taps.
  var layout: NetworkLayout { get }
  /// The threads and the kernels that it and its heads run on.
  var compute: Compute { get }

  /// Computes the maps asked for.
  ///
  /// - Parameters:
  ///   - input: normalised pictures `[N, H, W, 3]`.
  ///   - taps: which maps, in any order.
  /// - Throws: `BackboneError` when the input has another shape or a tap does not exist.
  func features(of input: borrowing Tensor, taps: [Tap]) throws(BackboneError) -> FeatureMaps
}

extension Backbone {
  /// Every tap, shallow to deep.
  public var taps: [TapInfo] { layout.taps }

  /// What a tap hands out.
  ///
  /// - Throws: `BackboneError.noSuchTap`, naming those that exist.
  public func info(_ tap: Tap) throws(BackboneError) -> TapInfo { try layout.info(tap) }
}

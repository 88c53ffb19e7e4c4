import Graphs
import ModelFiles
import Tensors

/// A tensor that can be shared.
public final class SharedTensor: Sendable {
  /// The tensor itself, `[N, H, W, C]`.
  public let tensor: Tensor

  /// Takes over a tensor, without a copy.
  public init(_ tensor: consuming Tensor) { self.tensor = tensor }

  /// The tensor's shape.
  public var shape: Shape { tensor.shape }
}

/// The feature maps of one run of a network, `[N, H, W, C]` each.
public struct FeatureMaps: Sendable {
  private let maps: [Tap: SharedTensor]

  package init(_ maps: [Tap: SharedTensor]) { self.maps = maps }

  /// The feature map of a tap; the run must have been given this tap.
  public subscript(tap: Tap) -> SharedTensor {
    guard let map = maps[tap] else {
      preconditionFailure("the tap \(tap) was not asked for; these were: \(maps.keys.map(\.name).sorted())")
    }
    return map
  }
}

/// An error of building or running a network.
public enum BackboneError: Error, Equatable, CustomStringConvertible {
  /// Training of blocks that can't be trained, or a number of classes without a head.
  case cannotLearn(reason: String)
  /// The input has another number of channels than the network reads.
  case inputChannels(expected: Int, found: Int)
  /// The image has fewer rows or columns than `minimum`, which is `Network.minimumExtent`.
  case inputTooSmall(height: Int, width: Int, minimum: Int)
  /// The network has no tap of that name; `known` lists its taps.
  case noSuchTap(name: String, known: [String])
  /// A layer that can't run; `place` is the index of its node.
  case unusableLayer(place: Int, reason: String)
  /// The card's network is none of `NetworkFamily`.
  case unknownNetwork(name: String)
  /// A tensor is missing, or has another shape than the network's.
  case weights(WeightsError)

  package init(_ error: GraphError) {
    switch error {
    case .noSuchTap(let name, let known): self = .noSuchTap(name: name, known: known)
    case .unusableLayer(let place, let reason): self = .unusableLayer(place: place, reason: reason)
    }
  }

  /// The problem in words, with advice where there is any.
  public var description: String {
    switch self {
    case .cannotLearn(let reason): return reason
    case .inputChannels(let expected, let found):
      return "the input has \(found) channels, expected \(expected); give an RGB tensor [N, H, W, 3]"
    case .inputTooSmall(let height, let width, let minimum):
      return "the input is \(height) rows by \(width) columns, expected at least \(minimum) each; enlarge the picture"
    case .noSuchTap(let name, let known):
      return "no tap is named \(name); this network has \(known.joined(separator: ", "))"
    case .unusableLayer(let place, let reason): return "layer \(place) of the network \(reason)"
    case .unknownNetwork(let name):
      return
        "the card names the network \(name), expected one of \(NetworkFamily.allCases.map(\.rawValue).joined(separator: ", ")); "
        + "import the checkpoint again"
    case .weights(let error): return error.description
    }
  }
}

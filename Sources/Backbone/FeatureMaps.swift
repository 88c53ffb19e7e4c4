import ModelFiles
import Tensors

/// One feature map: what it is, and its values `[N, H, W, C]`.
public final class FeatureMap: Sendable {
  public let info: TapInfo
  public let tensor: Tensor

  package init(info: TapInfo, tensor: consuming Tensor) {
    self.info = info
    self.tensor = tensor
  }

  public var shape: Shape { tensor.shape }
}

/// The maps that one run of a backbone handed out, in the order asked for.
public struct FeatureMaps: Sendable {
  public let maps: [FeatureMap]

  package init(maps: [FeatureMap]) { self.maps = maps }

  /// The map of a tap; it must have been asked for.
  public subscript(tap: Tap) -> FeatureMap {
    guard let map = maps.first(where: { $0.info.tap == tap }) else {
      preconditionFailure("the tap \(tap) was not asked for; these were: \(maps.map(\.info.name))")
    }
    return map
  }
}

/// Why a backbone could not run.
public enum BackboneError: Error, Equatable, CustomStringConvertible {
  /// Blocks were to learn that can't.
  case cannotLearn(reason: String)
  case inputChannels(expected: Int, found: Int)
  case inputTooSmall(height: Int, width: Int, minimum: Int)
  case noSuchTap(name: String, known: [String])
  /// A head's layers that cannot run.
  case unusableLayer(place: Int, reason: String)
  case unknownNetwork(name: String)
  case weights(WeightsError)

  public var description: String {
    switch self {
    case .cannotLearn(let reason): return reason
    case .inputChannels(let expected, let found):
      return "the input has \(found) channels, expected \(expected); give an RGB tensor [N, H, W, 3]"
    case .inputTooSmall(let height, let width, let minimum):
      return "the input is \(height) rows by \(width) columns, expected at least \(minimum) each; enlarge the picture"
    case .noSuchTap(let name, let known):
      return "no tap is named \(name); this network has \(known.joined(separator: ", "))"
    case .unusableLayer(let place, let reason): return "layer \(place) of the head \(reason)"
    case .unknownNetwork(let name):
      return
        "the card names the network \(name), expected one of \(NetworkFamily.allCases.map(\.rawValue).joined(separator: ", ")); "
        + "import the checkpoint again"
    case .weights(let error): return error.description
    }
  }
}

import ModelFiles
import Postprocess
import Tensors

/// Which overlapping boxes compete in non-maximum suppression.
public enum Suppression: String, Hashable, Sendable, CaseIterable {
  /// Only boxes of the same class.
  case perClass = "per-class"
  /// All boxes.
  case agnostic
}

/// What a caller asks of a detector; `nil` means the model's own value.
public struct DetectionOptions: Hashable, Sendable {
  public var scoreThreshold: Float?
  public var iouThreshold: Float?
  public var suppression = Suppression.perClass
  public var maximumDetections: Int?

  public init() {}
}

/// A detection with its names, in pixels of the picture as displayed.
public struct LabelledDetection: Hashable, Sendable {
  public var label: String
  /// The data set's own class id.
  public var id: Int
  /// The network's output channel.
  public var output: Int
  public var score: Float
  public var box: Box
}

/// Finds things in pictures with one model; safe to share between threads.
public final class Detector: Sendable {
  public let card: ModelCard

  /// Prepares a detection model.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is no detector or its weights do not fit its card.
  public init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    fatalError("not built yet")
  }

  /// Finds things, best first.
  public func detect(_ image: Image, _ options: DetectionOptions = DetectionOptions()) throws(VisionError)
    -> [LabelledDetection]
  {
    fatalError("not built yet")
  }
}

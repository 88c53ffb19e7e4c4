import ModelFiles
import Postprocess
import Tensors

/// Outlines things in pictures with one model; safe to share between threads.
public final class Segmenter: Sendable {
  public let card: ModelCard

  /// Prepares a segmentation model.
  ///
  /// - Parameter threads: workers, or `nil` for as many as the affinity mask and the cgroup allow.
  /// - Throws: `VisionError` when the model is no segmenter or its weights do not fit its card.
  public init(_ model: ModelFile, threads: Int? = nil) throws(VisionError) {
    fatalError("not built yet")
  }

  /// A class id for each pixel of the picture, at the picture's own size.
  public func segment(_ image: Image) throws(VisionError) -> LabelMap {
    fatalError("not built yet")
  }
}

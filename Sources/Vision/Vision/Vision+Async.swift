import Backbone

// Swift chooses these forms wherever it may suspend. Whole calls run on the session's queue, not the network's part
// alone, so that only the decoding of the next image file runs on the cooperative pool.

extension Detector {
  /// The detections, best first, without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func detect(_ image: Image, _ options: DetectionOptions = DetectionOptions()) async throws
    -> [Detection]
  { try await network.session.run { try self.detect(image, options) } }
}

extension Segmenter {
  /// A class id for each pixel of the picture, at the picture's own size, without holding a thread of Swift's
  /// cooperative pool meanwhile.
  ///
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func segment(_ image: Image, views: Views = .auto) async throws -> Mask {
    try await network.session.run { try self.segment(image, views: views) }
  }
}

extension ImageClassifier {
  /// The classes with the highest scores, best first, without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// - Parameter top: the number of classes, at least 1; all where the model has fewer.
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func classify(_ image: Image, top: Int = 5) async throws -> [Classification] {
    try await network.session.run { try self.classify(image, top: top) }
  }
}

extension Embedder {
  /// The picture's embedding, without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func embedding(of image: Image) async throws -> [Float] {
    try await network.session.run { try self.embedding(of: image) }
  }

  /// Feature maps of the backbone, without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// - Throws: `VisionError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func features(of image: Image, taps: [Tap]) async throws -> FeatureMaps {
    try await network.session.run { try self.features(of: image, taps: taps) }
  }
}

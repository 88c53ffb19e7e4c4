extension Network {
  /// Computes the feature maps of some taps without holding a thread of Swift's cooperative pool meanwhile.
  ///
  /// Calls on the same `Session` run one after another, each on all its workers. Swift chooses this form wherever it
  /// may suspend. Its result is the same, to the bit.
  ///
  /// - Parameters:
  ///   - input: normalised pictures `[N, H, W, 3]`, at least 33 pixels on both axes; consumed, and freed when this
  ///     returns or throws.
  ///   - taps: the taps of the maps, in any order.
  /// - Throws: `BackboneError` as the other form does; `CancellationError` when the task is cancelled before the call
  ///   begins.
  public func features(of input: consuming Tensor, taps: [Tap]) async throws -> FeatureMaps {
    let held = Held(input)
    return try await session.run { try self.features(of: held.tensor, taps: taps) }
  }

  /// A tensor in a box that a closure can capture.
  private final class Held: Sendable {
    let tensor: Tensor
    init(_ tensor: consuming Tensor) { self.tensor = tensor }
  }
}

import Backbone
import ModelFiles
import Tensors

/// A small backbone with random weights, as a base for training.
enum RandomBase {
  /// - Parameters:
  ///   - side: rows and columns of the input.
  ///   - hasLast: whether the backbone has the last convolution, which detectors need.
  static func model(side: Int, hasLast: Bool = false) throws -> ModelFile {
    let half: [Float] = [127.5, 127.5, 127.5]
    let card = ModelCard(
      name: "random", task: .features, family: "test",
      provenance: Provenance(origin: "a test", licence: "none", sourceSHA256: String(repeating: "0", count: 64)),
      backbone: BackboneCard(
        widthMultiplier: 0.35, outputStride: 32, padding: .same, batchNormEpsilon: 1e-3, hasLastConvolution: hasLast),
      input: InputCard(
        width: side, height: side, fit: .stretch, grid: .halfPixel, antialias: true, mean: half,
        standardDeviation: half))
    return ModelFile(path: "random", card: card, weights: .random(try Graph(card.backbone).parameters))
  }
}

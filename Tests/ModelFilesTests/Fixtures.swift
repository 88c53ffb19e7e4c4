import Files
import ModelFiles
import Tensors

/// A small valid card with weights.
enum Fixtures {
  static let card = ModelCard(
    name: "tiny", task: .features, family: "test",
    provenance: Provenance(origin: "a test", licence: "Apache-2.0", sourceSHA256: String(repeating: "0", count: 64)),
    backbone: BackboneCard(
      widthMultiplier: 0.5, outputStride: 16, padding: .symmetric, batchNormEpsilon: 1e-5, hasLastConvolution: false),
    input: InputCard(
      width: 224, height: 224, fit: .centreCrop, resizeShortest: 256, grid: .halfPixel, antialias: true,
      mean: [123.675, 116.28, 103.53], standardDeviation: [58.395, 57.12, 57.375]))

  static var weights: Weights {
    Weights(
      source: "test",
      tensors: [
        "b": ([2, 3], [1, 2, 3, 4, 5, 6]), "a": ([1], [-0.5]), "zero/with \"quotes\"": ([3], [0, -0.0, 1e30]),
      ])
  }

  /// The model file of a card and weights.
  static func bytes(card: ModelCard = card, weights: Weights = weights, folder: String) throws -> [UInt8] {
    let path = "\(folder)/tiny.safetensors"
    try ModelFile.write(card: card, weights: weights, to: path)
    let file = try MappedFile(path: path, limit: 1 << 20)
    return file.array(at: 0, count: file.count)!
  }
}

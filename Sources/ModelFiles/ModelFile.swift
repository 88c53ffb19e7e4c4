import Files
import Tensors

/// A model in the native format: the card and the weights of one safetensors file, mapped, not copied.
public struct ModelFile: Sendable {
  public let path: String
  public let card: ModelCard
  public let weights: Weights

  public init(path: String, card: ModelCard, weights: Weights) {
    self.path = path
    self.card = card
    self.weights = weights
  }
}

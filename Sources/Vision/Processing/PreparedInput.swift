import Tensors

/// A network's input for a picture, and the mapping back to the picture's pixels.
public struct PreparedInput: ~Copyable {
  /// `[1, height, width, 3]`, normalised, channels R, G, B.
  public let tensor: Tensor
  /// The way back from the input to the picture's pixels.
  public let mapping: ImageMapping

  /// Creates an input from its parts.
  public init(tensor: consuming Tensor, mapping: ImageMapping) {
    self.tensor = tensor
    self.mapping = mapping
  }
}

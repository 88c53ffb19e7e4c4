/// One class predicted for a picture, with its name and score.
public struct Classification: Codable, Hashable, Sendable {
  /// The class's name; `class 285` where the model's card has none for the output.
  public var label: String
  /// The data set's own class id.
  public var id: Int
  /// The network's output channel.
  public var output: Int
  /// In [0, 1]; with softmax the scores of all outputs add up to 1.
  public var score: Float

  /// Creates a classification from its parts, which are not checked.
  public init(label: String, id: Int, output: Int, score: Float) {
    self.label = label
    self.id = id
    self.output = output
    self.score = score
  }
}

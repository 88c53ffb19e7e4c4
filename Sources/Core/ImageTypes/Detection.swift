/// A detection with its names, in pixels of the picture as displayed.
public struct Detection: Hashable, Codable, Sendable {
  /// The class's name; `class 7` where the model's card has none for the output.
  public var label: String
  /// The data set's own class id.
  public var id: Int
  /// The network's output channel, counted from 0.
  public var output: Int
  /// In [0, 1]; its calibration depends on the model.
  public var score: Float
  /// In pixels of the image as displayed; 0 is the left or top edge of its first pixel.
  public var box: Box

  /// Creates a detection from its parts, which are not checked.
  public init(label: String, id: Int, output: Int, score: Float, box: Box) {
    self.label = label
    self.id = id
    self.output = output
    self.score = score
    self.box = box
  }
}

extension Detection {
  /// Decodes a detection, with the class id as `output` where there is none, as in the programs' JSON.
  ///
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let id = try container.decode(Int.self, forKey: .id)
    self.init(
      label: try container.decode(String.self, forKey: .label), id: id,
      output: try container.decodeIfPresent(Int.self, forKey: .output) ?? id,
      score: try container.decode(Float.self, forKey: .score), box: try container.decode(Box.self, forKey: .box))
  }
}

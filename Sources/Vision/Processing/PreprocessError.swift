/// A fault of a card's input.
public enum PreprocessError: Error, Equatable, CustomStringConvertible {
  /// The field has another number of values than the image has channels, 3.
  case channels(field: String, expected: Int, found: Int)
  /// The input's height and width, or `resizeShortest`, are out of range.
  case size(expected: String, found: [Int])
  /// The field has a number that is not finite, or a deviation that is 0 or whose reciprocal is no normal number.
  case value(field: String, expected: String, found: [Float])

  /// The card's field and the problem, in words.
  public var description: String {
    switch self {
    case .channels(let field, let expected, let found):
      return "the model's card has \(found) values of \(field), expected \(expected); import the checkpoint again"
    case .size(let expected, let found):
      return "the model's card asks for an input of \(found), expected \(expected); import the checkpoint again"
    case .value(let field, let expected, let found):
      return "the model's card has \(field) \(found), expected \(expected); import the checkpoint again"
    }
  }
}

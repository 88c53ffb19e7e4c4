/// A fault of a card's input.
public enum PreprocessError: Error, Equatable, CustomStringConvertible {
  case channels(field: String, expected: Int, found: Int)
  case size(expected: String, found: [Int])
  case value(field: String, expected: String, found: [Float])

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

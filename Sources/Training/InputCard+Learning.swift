import ModelFiles
import Tensors

extension InputCard {
  /// The input of a network that learns: what is true of a picture is true of all of it, so it is stretched to fill the input.
  ///
  /// - Parameter size: rows and columns; `nil` for the card's own.
  func stretched(size: Int?) -> InputCard {
    var card = self
    (card.width, card.height) = (size ?? width, size ?? height)
    (card.fit, card.resizeShortest) = (.stretch, nil)
    return card
  }

  /// The input for pictures that are resized as those were that have been learned from: each pixel the mean over what it
  /// covers, pixel centres coinciding.
  var asLearned: InputCard {
    var card = self
    (card.antialias, card.grid) = (true, .halfPixel)
    return card
  }
}

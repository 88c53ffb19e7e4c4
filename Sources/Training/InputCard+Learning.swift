import ModelFiles
import Tensors

extension InputCard {
  /// The input for pictures that are resized as those were that have been learned from: each pixel the mean over what it
  /// covers, pixel centres coinciding.
  var asLearned: InputCard {
    var card = self
    (card.antialias, card.grid) = (true, .halfPixel)
    return card
  }
}

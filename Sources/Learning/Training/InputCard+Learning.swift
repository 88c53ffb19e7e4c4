import ModelFiles
import Tensors

extension InputCard {
  /// The input in training: the picture is stretched to fill it, since the ground truth describes the whole picture.
  ///
  /// - Parameter size: rows and columns; `nil` for the card's own.
  func stretched(size: Int?) -> InputCard {
    var card = self
    (card.width, card.height) = (size ?? width, size ?? height)
    (card.fit, card.resizeShortest) = (.stretch, nil)
    return card
  }

  /// The input with the resizing of training: each pixel is the mean over its area, with coinciding pixel centres.
  var asLearned: InputCard {
    var card = self
    (card.antialias, card.grid) = (true, .halfPixel)
    return card
  }
}

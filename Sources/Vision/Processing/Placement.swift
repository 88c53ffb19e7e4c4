import ModelFiles
import Tensors

extension ImageMapping {
  /// The placement of a picture in the card's input.
  init(imageWidth width: Int, imageHeight height: Int, card: InputCard) {
    let content: (width: Int, height: Int)
    var origin = (x: 0, y: 0)
    switch card.fit {
    case .stretch:
      content = (card.width, card.height)
    case .letterbox:
      // The axis of the smaller scale is filled. The scales card.width / width and card.height / height are compared
      // without division.
      let widthFills = card.width * height <= card.height * width
      content = (
        widthFills ? card.width : max(width * card.height / height, 1),
        widthFills ? max(height * card.width / width, 1) : card.height
      )
    case .centreCrop:
      let shortest = min(width, height)
      let target = card.resizeShortest ?? min(card.width, card.height)
      content = (
        width == shortest ? target : width * target / shortest, height == shortest ? target : height * target / shortest
      )
      origin = (
        Self.centredOrigin(of: content.width, in: card.width), Self.centredOrigin(of: content.height, in: card.height)
      )
    }
    self.init(
      horizontal: Axis(image: width, input: card.width, content: content.width, origin: origin.x),
      vertical: Axis(image: height, input: card.height, content: content.height, origin: origin.y), grid: card.grid)
  }

  /// The first pixel of centred content; the half pixel of an odd remainder is rounded to even.
  ///
  /// Source: torchvision, `center_crop`, whose Python rounds halves to even.
  private static func centredOrigin(of content: Int, in input: Int) -> Int {
    let slack = content - input
    guard slack >= 0 else { return -slack / 2 }
    let half = slack / 2
    return slack % 2 == 1 && half % 2 == 1 ? -(half + 1) : -half
  }
}

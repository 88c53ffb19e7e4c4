import ImageTypes
import Overlay

extension Detection {
  /// The text and the colour of its drawing: label and score, and the colour of its class.
  public var annotation: Annotation {
    let hundredths = Int((min(max(score.isNaN ? 0 : score, 0), 1) * 100).rounded())
    let digits = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
    return Annotation(box: box, text: "\(label) \(hundredths / 100).\(digits)", colourIndex: id)
  }
}

extension Image {
  /// The image with boxes, labels and scores drawn on it, as the program `detect` draws them.
  ///
  /// - Complexity: O(pixels).
  public func drawing(_ detections: [Detection]) -> Image {
    var image = self
    Overlay.drawBoxes(detections.map(\.annotation), on: &image)
    return image
  }

  /// The image with the colours of a mask mixed in; class 0, the background, is unchanged.
  ///
  /// - Parameters:
  ///   - mask: a segmenter's mask, of the image's size. A mask of another size is not drawn.
  ///   - opacity: the share of the class colour, bounded to [0, 1].
  /// - Complexity: O(pixels).
  public func drawing(_ mask: Mask, opacity: Float = 0.5) -> Image {
    var image = self
    guard mask.width == width, mask.height == height else { return image }
    Overlay.blend(mask, into: &image, opacity: opacity.isNaN ? 0 : min(max(opacity, 0), 1))
    return image
  }
}
